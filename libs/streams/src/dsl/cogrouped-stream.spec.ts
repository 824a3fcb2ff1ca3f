import { describe, expect, it } from '@jest/globals';
import {
  TopologyBuilder,
  json,
  session,
  sessionKey,
  sliding,
  topic,
  tumbling,
  utf8,
  windowedKey,
  type CogroupedStream,
  type GroupedStream,
} from '../index.js';
import { TopologyTestDriver } from '../testing/index.js';

const clicks = topic('clicks', utf8, utf8);
const orders = topic('orders', utf8, json<number>());

interface Activity {
  readonly clicks: number;
  readonly spent: number;
}

const nothing = (): Activity => ({ clicks: 0, spent: 0 });

/** What a shop knows of a customer: clicks are counted, orders summed. */
function cogrouped(builder: TopologyBuilder): CogroupedStream<string, Activity> {
  const clicked: GroupedStream<string, string> = builder.stream('clicks', clicks).groupByKey();
  return clicked
    .cogroup<Activity>((activity) => ({ ...activity, clicks: activity.clicks + 1 }))
    .cogroup(builder.stream('orders', orders).groupByKey(), (activity, amount) => ({
      ...activity,
      spent: activity.spent + amount,
    }));
}

describe('cogroup', () => {
  it('folds several streams into the same windows', async () => {
    const builder = new TopologyBuilder('activity');
    const out = topic('out', windowedKey(utf8, 10), json<Activity>());
    cogrouped(builder)
      .windowedBy(tumbling({ size: 10, grace: 0 }))
      .aggregate('activity', { store: 'activity', initialize: nothing })
      .toStream('changes')
      .to('out', out);
    const driver = new TopologyTestDriver(builder.build());
    await driver.input(clicks).pipe('ann', '/', { timestampMs: 1 });
    await driver.input(orders).pipe('ann', 30, { timestampMs: 5 });
    driver.restart();
    await driver.input(orders).pipe('ann', 12, { timestampMs: 11 });
    // By the stream time of both, this one is late.
    await driver.input(clicks).pipe('ann', '/cart', { timestampMs: 9 });

    expect(driver.output(out).readRecords()).toMatchObject([
      { key: { startMs: 0 }, value: { clicks: 1, spent: 0 } },
      { key: { startMs: 0 }, value: { clicks: 1, spent: 30 }, timestampMs: 5 },
      { key: { startMs: 10 }, value: { clicks: 0, spent: 12 } },
    ]);
    expect(driver.counters().droppedLate).toBe(1);
  });

  it('folds several streams into the same sliding windows', async () => {
    const builder = new TopologyBuilder('activity');
    const out = topic('out', windowedKey(utf8, 10), json<Activity>());
    cogrouped(builder)
      .windowedBy(sliding({ difference: 10, grace: 0 }))
      .aggregate('activity', { store: 'activity', initialize: nothing })
      .toStream('changes')
      .to('out', out);
    const driver = new TopologyTestDriver(builder.build());
    await driver.input(clicks).pipe('ann', '/', { timestampMs: 100 });
    await driver.input(orders).pipe('ann', 30, { timestampMs: 105 });

    expect(driver.output(out).readRecords()).toMatchObject([
      { key: { startMs: 90 }, value: { clicks: 1, spent: 0 } },
      { key: { startMs: 101 }, value: { clicks: 0, spent: 30 } },
      { key: { startMs: 95 }, value: { clicks: 1, spent: 30 } },
    ]);
  });

  it('merges sessions that records of different streams hold apart', async () => {
    const builder = new TopologyBuilder('activity');
    const out = topic('out', sessionKey(utf8), json<Activity>());
    cogrouped(builder)
      .windowedBy(session({ gap: 10, grace: 100 }))
      .aggregate('activity', {
        store: 'activity',
        initialize: nothing,
        merge: (one, other) => ({ clicks: one.clicks + other.clicks, spent: one.spent + other.spent }),
      })
      .toStream('changes')
      .to('out', out);
    const driver = new TopologyTestDriver(builder.build());
    await driver.input(clicks).pipe('ann', '/', { timestampMs: 0 });
    await driver.input(orders).pipe('ann', 30, { timestampMs: 15 });
    await driver.input(clicks).pipe('ann', '/cart', { timestampMs: 8 });

    expect(driver.output(out).readRecords().at(-1)).toMatchObject({
      key: { key: 'ann', startMs: 0, endMs: 15 },
      value: { clicks: 2, spent: 30 },
    });
    expect(driver.store('activity').size()).toBe(1);
  });
});
