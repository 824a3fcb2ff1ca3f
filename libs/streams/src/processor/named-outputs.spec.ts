import { describe, expect, it } from '@jest/globals';
import {
  TopologyBuilder,
  int64,
  json,
  topic,
  utf8,
  type Outcome,
  type ProcessorContext,
  type StreamRecord,
} from '../index.js';
import { TopologyTestDriver } from '../testing/index.js';

const orders = topic('orders', utf8, json<number>());
const small = topic('small', utf8, json<number>());
const large = topic('large', int64, utf8);
const outputs = { small: { key: utf8, value: json<number>() }, large: { key: int64, value: utf8 } };

type Context = ProcessorContext<string | number, string | number, typeof outputs>;

function splitting(process: (record: StreamRecord<string, number>, context: Context) => Outcome): TopologyTestDriver {
  const builder = new TopologyBuilder('splitting');
  const split = builder.stream('orders', orders).processInto('split', { create: () => ({ process }) }, outputs);
  split.small.to('small-out', small);
  split.large.to('large-out', large);
  return new TopologyTestDriver(builder.build(), { policy: { onProcessingError: 'dead-letter' } });
}

describe('a processor with named outputs', () => {
  it('chooses the stream that a record goes to, each with keys and values of its own', async () => {
    const driver = splitting(({ key, value }, context) =>
      value < 100 ? context.to('small').forward(key, value) : context.to('large').forward(value, key),
    );
    await driver.input(orders).pipe('ann', 5, { timestampMs: 1 });
    await driver.input(orders).pipe('bob', 500, { timestampMs: 2 });

    expect(driver.output(small).readRecords()).toMatchObject([{ key: 'ann', value: 5, timestampMs: 1 }]);
    expect(driver.output(large).readRecords()).toMatchObject([{ key: 500, value: 'bob', timestampMs: 2 }]);
  });

  it('passes on with a time and headers of its own, and goes on with those of its record', async () => {
    const driver = splitting(async ({ key, value, headers }, context) => {
      const traced = [...headers, { key: 'hop', value: Buffer.from('split') }];
      await context.to('small').forward(key, value, { timestampMs: 7, headers: traced });
      await context.to('small').forward(key, value + 1);
    });
    await driver.input(orders).pipe('ann', 5, { timestampMs: 1, headers: [{ key: 'trace', value: Buffer.from('t') }] });

    expect(driver.output(small).readRecords()).toEqual([
      {
        key: 'ann',
        value: 5,
        timestampMs: 7,
        headers: [
          { key: 'trace', value: Buffer.from('t') },
          { key: 'hop', value: Buffer.from('split') },
        ],
      },
      { key: 'ann', value: 6, timestampMs: 1, headers: [{ key: 'trace', value: Buffer.from('t') }] },
    ]);
  });

  it('is refused an output that it does not have, when it is compiled and when it runs', async () => {
    const driver = splitting((_record, context) => {
      // @ts-expect-error there is no such output
      context.to('medium');
    });

    await expect(driver.input(orders).pipe('ann', 5)).rejects.toThrow(/'split' has no output 'medium'/);
  });
});
