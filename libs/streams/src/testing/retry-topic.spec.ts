import { describe, expect, it } from '@jest/globals';
import { TransientError } from '@millrace/kernel';
import { TopologyBuilder, json, keyValueStore, topic, utf8, type ErrorPolicy, type Topology } from '../index.js';
import { TopologyTestDriver } from './index.js';

const orders = topic('orders', utf8, json<string>());
const charged = topic('charged', utf8, json<string>());
const seen = keyValueStore('seen', { key: utf8, value: json<string[]>() });

// #region service
/** A payment service that refuses what a test says. */
class Payments {
  readonly refused = new Set<string>();

  charge(order: string): void {
    if (this.refused.has(order)) throw new TransientError('MR_DEPENDENCY_UNAVAILABLE', 'the payment service is away');
  }
}
// #endregion

function charging(payments: Payments): Topology {
  const builder = new TopologyBuilder('charging');
  builder
    .stream('orders', orders)
    .process('charge', {
      stores: [seen],
      create: () => ({
        process: (record, context) => {
          const store = context.store(seen);
          store.put(record.key, [...(store.get(record.key) ?? []), record.value]);
          const forwarded = context.forward(record.key, record.value);
          payments.charge(record.value);
          return forwarded;
        },
      }),
    })
    .to('charged', charged);
  return builder.build();
}

// #region policy
const policy: Partial<ErrorPolicy> = { retryTopic: { delays: ['10s', '1m'] } };
// #endregion

// #region ordered
const ordered: Partial<ErrorPolicy> = { retryTopic: { delays: ['10s', '1m'], order: 'per-key' } };
// #endregion

const S = 1_000;

describe('a retry topic', () => {
  it('takes a record that fails, while others go on, and gives it back to its source when it is due', async () => {
    // #region driver
    const payments = new Payments();
    payments.refused.add('a1');
    const driver = new TopologyTestDriver(charging(payments), { policy });
    await driver.input(orders).pipe('a', 'a1');
    await driver.input(orders).pipe('b', 'b1');
    expect(driver.output(charged).readValues()).toEqual(['b1']);
    expect(driver.waitingRecords('orders')).toMatchObject([
      { retryTopic: 'test-orders-retry-1', notBeforeMs: 10 * S, attempts: 1 },
    ]);

    payments.refused.clear();
    await driver.advanceWallClock(10 * S);
    expect(driver.output(charged).readValues()).toEqual(['a1']);
    expect(driver.waitingRecords('orders')).toEqual([]);
    // #endregion
  });

  it('is not read before its time', async () => {
    const payments = new Payments();
    payments.refused.add('a1');
    const driver = new TopologyTestDriver(charging(payments), { policy });
    await driver.input(orders).pipe('a', 'a1');
    payments.refused.clear();
    await driver.advanceWallClock(10 * S - 1);

    expect(driver.output(charged).readValues()).toEqual([]);
  });

  it('is followed by the next one and, after the last, by the dead-letter topic, with the place that the record came from', async () => {
    const payments = new Payments();
    payments.refused.add('a1');
    const driver = new TopologyTestDriver(charging(payments), { policy });
    await driver.input(orders).pipe('x', 'x1');
    await driver
      .input(orders)
      .pipe('a', 'a1', { timestampMs: 77, headers: [{ key: 'trace', value: Buffer.from('t') }] });
    await driver.advanceWallClock(10 * S);
    expect(driver.waitingRecords('orders')).toMatchObject([{ retryTopic: 'test-orders-retry-2', notBeforeMs: 70 * S }]);

    await driver.advanceWallClock(60 * S);
    // #region dead-letters
    expect(driver.deadLetters(orders)).toMatchObject([
      { code: 'MR_DEPENDENCY_UNAVAILABLE', node: 'charge', attempts: 3, topic: 'orders', offset: 1, timestampMs: 77 },
    ]);
    // #endregion
    expect(driver.store('seen').get('a')).toBeUndefined();
    expect(driver.counters()).toMatchObject({ sentToRetry: 2, deadLettered: 1 });
  });

  it('hides its headers from the topology: what is forwarded at last has those that the record came with', async () => {
    const payments = new Payments();
    payments.refused.add('a1');
    const driver = new TopologyTestDriver(charging(payments), { policy });
    await driver.input(orders).pipe('a', 'a1', { headers: [{ key: 'trace', value: Buffer.from('t') }] });
    payments.refused.clear();
    await driver.advanceWallClock(10 * S);

    const [record] = driver.output(charged).readRecords();
    expect(record?.headers.map(({ key }) => key)).toEqual(['trace']);
  });

  it('comes after the retries in place', async () => {
    const payments = new Payments();
    payments.refused.add('a1');
    const driver = new TopologyTestDriver(charging(payments), {
      policy: { ...policy, retry: { attempts: 2, initial: '1s', factor: 1 } },
    });
    await driver.input(orders).pipe('a', 'a1');
    expect(driver.waitingRecords('orders')).toEqual([]);
    await driver.advanceWallClock(2 * S);

    expect(driver.waitingRecords('orders')).toMatchObject([{ attempts: 3 }]);
    expect(driver.counters()).toMatchObject({ retriedInPlace: 2, sentToRetry: 1 });
  });

  it('lets later records of the key pass, unless the policy keeps their order', async () => {
    for (const [each, order] of [
      [policy, ['a2', 'a1']],
      [ordered, ['a1', 'a2']],
    ] as const) {
      const payments = new Payments();
      payments.refused.add('a1');
      const driver = new TopologyTestDriver(charging(payments), { policy: each });
      await driver.input(orders).pipe('a', 'a1');
      await driver.input(orders).pipe('a', 'a2');
      payments.refused.clear();
      await driver.advanceWallClock(60 * S);

      expect(driver.output(charged).readValues()).toEqual(order);
    }
  });
});

describe('the order of a key', () => {
  it('holds over all retry topics, while other keys go on, and ends with the last record that waits', async () => {
    const payments = new Payments();
    payments.refused.add('a1');
    const driver = new TopologyTestDriver(charging(payments), { policy: ordered });
    const input = driver.input(orders);
    await input.pipe('a', 'a1');
    await input.pipe('a', 'a2');
    await input.pipe('b', 'b1');
    expect(driver.output(charged).readValues()).toEqual(['b1']);

    await driver.advanceWallClock(10 * S);
    await input.pipe('a', 'a3');
    expect(driver.waitingRecords('orders').map(({ retryTopic, attempts }) => [retryTopic, attempts])).toEqual([
      ['test-orders-retry-1', 0],
      ['test-orders-retry-2', 2],
      ['test-orders-retry-2', 0],
    ]);

    payments.refused.clear();
    await driver.advanceWallClock(60 * S);
    await driver.advanceWallClock(60 * S);
    expect(driver.output(charged).readValues()).toEqual(['a1', 'a2', 'a3']);
    expect(driver.store('orders-waiting-keys').size()).toBe(0);

    await input.pipe('a', 'a4');
    expect(driver.output(charged).readValues()).toEqual(['a4']);
  });

  it('goes on with the next record of the key when one becomes a dead letter', async () => {
    const payments = new Payments();
    payments.refused.add('a1');
    const driver = new TopologyTestDriver(charging(payments), { policy: ordered });
    await driver.input(orders).pipe('a', 'a1');
    await driver.input(orders).pipe('a', 'a2');
    await driver.advanceWallClock(200 * S);

    expect(driver.deadLetters(orders).map(({ value }) => String(value))).toEqual(['"a1"']);
    expect(driver.output(charged).readValues()).toEqual(['a2']);
  });

  for (const restarts of [1, 2, 3]) {
    it(`is not forgotten over restarts (${restarts})`, async () => {
      const payments = new Payments();
      payments.refused.add('a1').add('c1');
      const driver = new TopologyTestDriver(charging(payments), { policy: ordered, partitions: 2 });
      const input = driver.input(orders);
      await input.pipe('a', 'a1');
      await input.pipe('c', 'c1');
      if (restarts >= 1) driver.restart();
      await input.pipe('a', 'a2');
      if (restarts >= 2) driver.restart();
      await driver.advanceWallClock(10 * S);
      await input.pipe('a', 'a3');
      if (restarts >= 3) driver.restart();
      await input.pipe('b', 'b1');
      payments.refused.clear();
      await driver.advanceWallClock(60 * S);
      await driver.advanceWallClock(60 * S);

      expect(driver.store<string, string[]>('seen').get('a')).toEqual(['a1', 'a2', 'a3']);
      const values = driver.output(charged).readValues();
      expect(values.filter((value) => value?.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
      expect(values.toSorted()).toEqual(['a1', 'a2', 'a3', 'b1', 'c1']);
    });
  }

  it('does not bind records without a key', async () => {
    const payments = new Payments();
    payments.refused.add('n1');
    const builder = new TopologyBuilder('keyless');
    builder
      .stream('orders', orders)
      .peek('charge', (value) => payments.charge(value))
      .to('charged', charged);
    const driver = new TopologyTestDriver(builder.build(), { policy: ordered });
    await driver.input(orders).pipe(null, 'n1');
    await driver.input(orders).pipe(null, 'n2');

    expect(driver.output(charged).readValues()).toEqual(['n2']);
  });
});
