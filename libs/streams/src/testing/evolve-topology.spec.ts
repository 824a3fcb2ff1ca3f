import { describe, expect, it } from '@jest/globals';
import { TopologyBuilder, int64, json, topic, tumbling, utf8, windowedKey, type Topology } from '../index.js';
import { TopologyTestDriver } from './index.js';

const H = 3_600_000;
const orders = topic('orders', utf8, json<{ readonly amount: number }>());
const totals = topic('totals', utf8, int64);
const hourly = topic('hourly', windowedKey(utf8, H), int64);

// #region versions
/** The first version: how many orders each customer has made. */
function shop(): Topology {
  const t = new TopologyBuilder('shop');
  t.stream('orders', orders)
    .groupByKey()
    .count('count', { store: 'orders-by-customer' })
    .toStream('counted')
    .to('totals', totals);
  return t.build();
}

/** The next one: free orders do not count, and there is a count by the hour. */
function nextShop({ store = 'orders-by-customer' } = {}): Topology {
  const t = new TopologyBuilder('shop');
  const paid = t.stream('orders', orders).filter('paid', ({ amount }) => amount > 0);
  paid.groupByKey().count('count', { store }).toStream('counted').to('totals', totals);
  paid
    .groupByKey()
    .windowedBy(tumbling({ size: '1h', grace: '5m' }))
    .count('count-by-hour', { store: 'orders-by-hour' })
    .toStream('counted-by-hour')
    .to('hourly', hourly);
  return t.build();
}
// #endregion

const paid = { amount: 1 };

describe('evolving a topology', () => {
  it('goes on with what stands under the names that are still there', async () => {
    // #region compatible
    const driver = new TopologyTestDriver(shop());
    await driver.input(orders).pipe('anna', { amount: 5 });

    driver.restart(nextShop());
    await driver.input(orders).pipe('anna', { amount: 5 });
    await driver.input(orders).pipe('anna', { amount: 0 });

    expect(driver.output(totals).readValues()).toEqual([1, 2]);
    expect(driver.output(hourly).readValues()).toEqual([1]);
    // #endregion
  });

  it('is refused where state would be left behind, as at boot, and changes nothing', async () => {
    // #region refused
    const driver = new TopologyTestDriver(shop());
    await driver.input(orders).pipe('anna', { amount: 5 });

    expect(() => driver.restart(nextShop({ store: 'orders-of-customers' }))).toThrow(
      /needs-migration: store orders-by-customer: is gone, or has another name; what it holds is abandoned/,
    );
    // #endregion
    await driver.input(orders).pipe('anna', paid);
    expect(driver.output(totals).readValues()).toEqual([1, 2]);
  });

  it('leaves behind what is accepted by name', async () => {
    // #region accepted
    const driver = new TopologyTestDriver(shop());
    await driver.input(orders).pipe('anna', { amount: 5 });

    driver.restart(nextShop({ store: 'orders-of-customers' }), { acceptTopologyChanges: ['store orders-by-customer'] });
    await driver.input(orders).pipe('anna', { amount: 5 });

    expect(driver.output(totals).readValues()).toEqual([1, 1]);
    // #endregion
  });

  it('may leave behind a store that nothing was written to', () => {
    const driver = new TopologyTestDriver(nextShop());

    driver.restart(shop());

    expect(() => driver.store('orders-by-hour')).toThrow(/no store 'orders-by-hour'/);
  });

  it('is refused where a store comes back with the rows of an earlier version', async () => {
    const driver = new TopologyTestDriver(nextShop());
    await driver.input(orders).pipe('anna', paid, { timestampMs: 0 });
    driver.restart(shop(), { acceptTopologyChanges: ['store orders-by-hour'] });

    expect(() => driver.restart(nextShop())).toThrow(/needs-reset: store orders-by-hour: is new, but its changelog/);
  });

  it('keeps the stream times of operators, also in tasks with another number', async () => {
    const windowed = (first: boolean): Topology => {
      const t = new TopologyBuilder('shop');
      if (first) t.stream('returns', topic('returns', utf8, utf8)).to('returned', topic('returned', utf8, utf8));
      t.stream('orders', orders)
        .groupByKey()
        .windowedBy(tumbling({ size: '1h', grace: 0 }))
        .count('count-by-hour', { store: 'orders-by-hour' })
        .toStream('counted')
        .to('hourly', hourly);
      return t.build();
    };
    const driver = new TopologyTestDriver(windowed(false));
    await driver.input(orders).pipe('anna', paid, { timestampMs: 3 * H });

    driver.restart(windowed(true));
    await driver.input(orders).pipe('anna', paid, { timestampMs: 0 });

    expect(driver.counters().droppedLate).toBe(1);
    expect(driver.output(hourly).readValues()).toEqual([1]);
  });

  it('reads a global table of the next version from its topic', async () => {
    const names = topic('names', utf8, utf8);
    const greeted = topic('greeted', utf8, json<string>());
    const version = (isNext: boolean): Topology => {
      const t = new TopologyBuilder('shop');
      const table = t.globalTable('names', names, { store: 'names' });
      const stream = t.stream('orders', orders);
      if (isNext) stream.leftJoin('with-name', table, { join: (_order, name) => `hello ${name}` }).to('greet', greeted);
      else stream.mapValues('greeting', () => 'hello').to('greet', greeted);
      return t.build();
    };
    const driver = new TopologyTestDriver(version(false));
    await driver.input(names).pipe('anna', 'Anna');
    await driver.input(orders).pipe('anna', paid);

    driver.restart(version(true));
    await driver.input(orders).pipe('anna', paid);

    expect(driver.output(greeted).readValues()).toEqual(['hello', 'hello Anna']);
  });

  it('does not lose what waits in retry topics: they must be drained before they go', async () => {
    const failing = (isDown: () => boolean): Topology => {
      const t = new TopologyBuilder('shop');
      t.stream('orders', orders)
        .peek('charge', () => {
          if (isDown()) throw new Error('away');
        })
        .to('out', topic('out', utf8, json<{ readonly amount: number }>()));
      return t.build();
    };
    let isDown = true;
    const policy = { onProcessingError: 'retry', retryTopic: { delays: ['1m'] } } as const;
    const driver = new TopologyTestDriver(
      failing(() => isDown),
      { policy },
    );
    await driver.input(orders).pipe('anna', paid);
    const withoutRetries = { policy: { onProcessingError: 'dead-letter' } } as const;

    expect(() =>
      driver.restart(
        failing(() => false),
        withoutRetries,
      ),
    ).toThrow(/topic <applicationId>-orders-retry-1: is gone.*Wait until it is drained/);
    isDown = false;
    await driver.advanceWallClock(60_000);
    driver.restart(
      failing(() => false),
      withoutRetries,
    );
  });
});
