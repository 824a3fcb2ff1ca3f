import { describe, expect, it } from '@jest/globals';
import { RecordError } from '@millrace/kernel';
import { TopologyBuilder, bytes, json, topic, utf8, type Topology } from '../index.js';
import { TopologyTestDriver } from './index.js';

interface Order {
  readonly amount: number;
}

const orders = topic('orders', utf8, json<Order>());
const amounts = topic('amounts', utf8, json<number>());

function checking(maxAmount: number): Topology {
  const t = new TopologyBuilder('checking');
  // #region handler
  t.stream('orders', orders)
    .mapValues('check', (order) => {
      if (order.amount > maxAmount) throw new RecordError('MR_RECORD_REJECTED', 'the amount is above the limit');
      return order.amount;
    })
    .to('amounts', amounts);
  // #endregion
  return t.build();
}

// #region replay
/** Sends dead letters of orders back to where they came from: bytes as they are, those with one error code only. */
function replaying(code: string): Topology {
  const t = new TopologyBuilder('replay-orders');
  t.stream('dead-orders', topic('orders-dlt', bytes, bytes))
    .process('pick', {
      create: () => ({
        process: (record, context) => {
          const reason = record.headers.find(({ key }) => key === 'dlt.error.code')?.value?.toString();
          return reason === code ? context.forward(record.key, record.value) : undefined;
        },
      }),
    })
    .to('orders-again', topic('orders', bytes, bytes));
  return t.build();
}
// #endregion

describe('replaying dead letters', () => {
  it('gives those with one error code back to their topic, where a mended handler takes them', async () => {
    // #region test
    const before = new TopologyTestDriver(checking(100));
    await before.input(orders).pipe('a', { amount: 500 });
    await before.input(orders).pipeRaw(Buffer.from('b'), Buffer.from('{broken'));
    const dead = before.output(topic('orders-dlt', bytes, bytes)).readRecords();

    const replay = new TopologyTestDriver(replaying('MR_RECORD_REJECTED'));
    for (const { key, value, headers } of dead) {
      await replay.input(topic('orders-dlt', bytes, bytes)).pipe(key, value, { headers });
    }
    const again = replay.output(orders).readRecords();
    expect(again.map(({ value }) => value)).toEqual([{ amount: 500 }]);

    const mended = new TopologyTestDriver(checking(1_000));
    for (const { key, value, headers } of again) await mended.input(orders).pipe(key, value, { headers });
    expect(mended.output(amounts).readValues()).toEqual([500]);
    // #endregion
  });

  it('leaves one set of headers on a record that fails once more: those of its last failure', async () => {
    const headers = [
      { key: 'trace', value: Buffer.from('t') },
      { key: 'dlt.node', value: Buffer.from('an-earlier-one') },
    ];
    const driver = new TopologyTestDriver(checking(100));
    await driver.input(orders).pipe('a', { amount: 500 }, { headers });

    const [letter] = driver.output(topic('orders-dlt', bytes, bytes)).readRecords();
    const nodes = letter?.headers.filter(({ key }) => key === 'dlt.node').map(({ value }) => String(value));
    expect(nodes).toEqual(['check']);
    expect(letter?.headers[0]?.key).toBe('trace');
  });
});
