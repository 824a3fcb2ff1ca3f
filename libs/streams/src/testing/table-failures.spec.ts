import { describe, expect, it } from '@jest/globals';
import { RecordError, TransientError } from '@millrace/kernel';
import { TopologyBuilder, json, topic, utf8, type ErrorPolicy, type Topology } from '../index.js';
import { TopologyTestDriver } from './index.js';

const stocks = topic('stocks', utf8, json<number>());
const total = topic('total', utf8, json<number>());

/** The sum of a table's rows, and a check below the table that refuses what a test says. */
function summing(refuse: (value: number | null) => void, options: { readonly history?: '1h' } = {}): Topology {
  const builder = new TopologyBuilder('summing');
  const table = builder.table('stocks', stocks, { store: 'stock-rows', ...options });
  table
    .groupBy('all', () => 'all', utf8)
    .aggregate<number>('sum', {
      store: 'sums',
      value: json<number>(),
      initialize: () => 0,
      add: (sum, value) => sum + value,
      subtract: (sum, value) => sum - value,
    })
    .toStream('changes')
    .to('total', total);
  table.toStream('checked').foreach('check', (value) => refuse(value));
  return builder.build();
}

const refusing =
  (refused: Set<number>, error: () => Error) =>
  (value: number | null): void => {
    if (value !== null && refused.has(value)) throw error();
  };
const rejected = (): Error => new RecordError('MR_RECORD_REJECTED', 'no');
const transient = (): Error => new TransientError('MR_DEPENDENCY_UNAVAILABLE', 'away');

const deadLetters: Partial<ErrorPolicy> = { onProcessingError: 'dead-letter' };

describe('an update of a table that fails below the table', () => {
  it('is taken back whole when it becomes a dead letter: row, aggregate and output say what they said before', async () => {
    const driver = new TopologyTestDriver(summing(refusing(new Set([20]), rejected)), { policy: deadLetters });
    await driver.input(stocks).pipe('a', 1);
    await driver.input(stocks).pipe('b', 10);
    await driver.input(stocks).pipe('b', 20);
    expect(driver.store('stock-rows').get('b')).toBe(10);
    expect(driver.store('sums').get('all')).toBe(11);

    await driver.input(stocks).pipe('b', 30);
    expect(driver.store('sums').get('all')).toBe(31);
    expect(driver.deadLetters(stocks)).toMatchObject([{ node: 'check', offset: 2 }]);
  });

  it('stays taken back after a restart, although the topic that the table is restored from has it', async () => {
    const driver = new TopologyTestDriver(summing(refusing(new Set([20, 5]), rejected)), { policy: deadLetters });
    await driver.input(stocks).pipe('b', 10);
    await driver.input(stocks).pipe('b', 20);
    await driver.input(stocks).pipe('c', 5);
    driver.restart();
    await driver.input(stocks).pipe('a', 1);
    expect(driver.store('stock-rows').get('b')).toBe(10);
    expect(driver.store('stock-rows').get('c')).toBeUndefined();

    await driver.input(stocks).pipe('b', 30);
    expect(driver.store('sums').get('all')).toBe(31);
    expect(driver.store('stock-rows-exceptions').size()).toBe(1);
    driver.restart();
    await driver.input(stocks).pipe('a', 2);
    expect(driver.store('stock-rows').get('b')).toBe(30);
    expect(driver.store('sums').get('all')).toBe(32);
  });

  for (const restarts of [false, true]) {
    it(`is tried again before later updates of its key, which wait${restarts ? ', over restarts too' : ''}`, async () => {
      const refused = new Set([20]);
      const driver = new TopologyTestDriver(summing(refusing(refused, transient)), {
        policy: { retryTopic: { delays: ['10s'] } },
      });
      const restart = (): void => {
        if (restarts) driver.restart();
      };
      await driver.input(stocks).pipe('b', 10);
      await driver.input(stocks).pipe('b', 20);
      restart();
      await driver.input(stocks).pipe('b', 30);
      await driver.input(stocks).pipe('a', 1);
      restart();
      await driver.input(stocks).pipe('a', 2);
      expect(driver.store('stock-rows').get('b')).toBe(10);
      expect(driver.store('sums').get('all')).toBe(12);

      refused.clear();
      await driver.advanceWallClock(10_000);
      restart();
      await driver.input(stocks).pipe('a', 3);
      expect(driver.store('stock-rows').get('b')).toBe(30);
      expect(driver.store('sums').get('all')).toBe(33);
      expect(driver.deadLetters(stocks)).toEqual([]);
    });
  }

  it('stops the app where no policy says that the table can do without the record', async () => {
    const driver = new TopologyTestDriver(summing(refusing(new Set([20]), rejected)));

    await expect(driver.input(stocks).pipe('b', 20)).rejects.toMatchObject({
      disposition: 'stop-app',
      message: expect.stringContaining("set onProcessingError to 'dead-letter'"),
    });
  });

  it('is refused at boot for a versioned table: its history would come back from the topic', () => {
    const versioned = summing(() => undefined, { history: '1h' });

    expect(() => new TopologyTestDriver(versioned, { policy: deadLetters })).toThrow(/the versioned table 'stocks'/);
  });
});

describe('a record of a table that cannot be read', () => {
  it('is a dead letter, and does not stop a later restore of the table from its topic', async () => {
    const driver = new TopologyTestDriver(
      summing(() => undefined),
      { policy: deadLetters },
    );
    await driver.input(stocks).pipe('b', 10);
    await driver.input(stocks).pipeRaw(Buffer.from('b'), Buffer.from('{broken'));
    driver.restart();
    await driver.input(stocks).pipe('a', 1);

    expect(driver.store('stock-rows').get('b')).toBe(10);
    expect(driver.deadLetters(stocks)).toMatchObject([{ code: 'MR_RECORD_UNREADABLE', node: 'stocks' }]);
  });
});
