import { describe, expect, it } from '@jest/globals';
import { TopologyBuilder, json, session, sessionKey, topic, utf8, type Topology } from '../../index.js';
import { TopologyTestDriver } from '../index.js';

interface Click {
  readonly page: string;
}

interface Visit {
  readonly clicks: number;
  /** The pages that were seen; a visit has few. */
  readonly pages: readonly string[];
}

const MINUTE_MS = 60_000;
const clicks = topic('clicks', utf8, json<Click>());
// #region output
/** Keyed by visitor, with the times of the first and the last click. */
const visits = topic('visits', sessionKey(utf8), json<Visit>());
// #endregion
const strays = topic('clicks.too-late', utf8, json<Click>());

// #region topology
function visiting(): Topology {
  const t = new TopologyBuilder('visiting');
  t.stream('clicks', clicks) // by visitor
    .groupByKey()
    .windowedBy(session({ gap: '30m', grace: '5m' }))
    .aggregate<Visit>('visit', {
      store: 'visits-by-visitor',
      emit: 'close',
      initialize: () => ({ clicks: 0, pages: [] }),
      add: (visit, { page }) => ({
        clicks: visit.clicks + 1,
        pages: [...new Set([...visit.pages, page])],
      }),
      merge: (one, other) => ({
        clicks: one.clicks + other.clicks,
        pages: [...new Set([...one.pages, ...other.pages])],
      }),
      late: (late) => late.to('too-late', strays),
    })
    .toStreamOfValues('closed')
    .to('visits', visits);
  t.idleAdvance('close-when-idle', { after: '10s' });
  return t.build();
}
// #endregion

describe('cookbook: sessionise', () => {
  // #region test
  it('gives a visit once, when nothing can join it any more; a late click makes one of two', async () => {
    const driver = new TopologyTestDriver(visiting());
    const click = (visitor: string, page: string, minute: number): Promise<void> =>
      driver.input(clicks).pipe(visitor, { page }, { timestampMs: minute * MINUTE_MS });
    await click('ada', 'home', 0);
    await click('ada', 'cart', 34);
    await click('ada', 'home', 30); // out of order, and within the gap of both
    driver.restart();
    expect(driver.output(visits).readRecords()).toEqual([]);

    await click('bob', 'home', 34 + 30 + 5 + 1);

    expect(driver.output(visits).readRecords()).toMatchObject([
      { key: { key: 'ada', startMs: 0, endMs: 34 * MINUTE_MS }, value: { clicks: 3, pages: ['home', 'cart'] } },
    ]);
  });
  // #endregion

  it('closes the last visits when no click comes any more', async () => {
    const driver = new TopologyTestDriver(visiting());
    await driver.input(clicks).pipe('ada', { page: 'home' }, { timestampMs: 0 });

    await driver.becomeIdle();

    expect(driver.output(visits).readValues()).toEqual([{ clicks: 1, pages: ['home'] }]);
  });

  it('hands on a click that comes after its visit was told', async () => {
    const driver = new TopologyTestDriver(visiting());
    await driver.input(clicks).pipe('ada', { page: 'home' }, { timestampMs: 0 });
    await driver.input(clicks).pipe('bob', { page: 'home' }, { timestampMs: 120 * MINUTE_MS });
    await driver.input(clicks).pipe('ada', { page: 'cart' }, { timestampMs: MINUTE_MS });

    expect(driver.output(visits).readValues()).toEqual([{ clicks: 1, pages: ['home'] }]);
    expect(driver.output(strays).readValues()).toEqual([{ page: 'cart' }]);
  });
});
