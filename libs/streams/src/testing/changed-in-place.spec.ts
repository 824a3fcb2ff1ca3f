import { describe, expect, it } from '@jest/globals';
import { TopologyBuilder, json, topic, tumbling, utf8, windowedKey } from '../index.js';
import { TopologyTestDriver } from './topology-test-driver.js';

interface Reading {
  n: number;
  other?: Reading;
}

/** One serde for input and output: a value that nobody has touched would be passed on as the bytes that it came in. */
const readings = json<Reading>();
const left = topic('left', utf8, readings);
const right = topic('right', utf8, readings);
const out = topic('out', utf8, readings);

describe('a value that a handler changes in place and returns', () => {
  it('is written as it was changed by a join of streams', async () => {
    const builder = new TopologyBuilder('join');
    builder
      .stream('left', left)
      .join('pairs', builder.stream('right', right), {
        within: { before: 1_000, after: 1_000 },
        grace: 0,
        join: (a, b) => {
          a.other = { n: b.n };
          return a;
        },
      })
      .to('out', out);
    const driver = new TopologyTestDriver(builder.build());
    await driver.input(right).pipe('k', { n: 2 }, { timestampMs: 10 });
    await driver.input(left).pipe('k', { n: 1 }, { timestampMs: 20 });
    expect(driver.output(out).readRecords()).toMatchObject([{ key: 'k', value: { n: 1, other: { n: 2 } } }]);
  });

  it.each(['reduce', 'windowed reduce'])('is written as it was changed by a %s', async (kind) => {
    const add = (total: Reading, value: Reading): Reading => {
      value.n += total.n;
      return value;
    };
    const builder = new TopologyBuilder('sum');
    const grouped = builder.stream('left', left).groupByKey();
    const windowedOut = topic('out', windowedKey(utf8, 60_000), readings);
    if (kind === 'reduce') grouped.reduce('sum', { store: 'sums', reduce: add }).toStream('changes').to('out', out);
    else {
      grouped
        .windowedBy(tumbling({ size: '1m', grace: 0 }))
        .reduce('sum', { store: 'sums', reduce: add })
        .toStream('changes')
        .to('out', windowedOut);
    }
    const driver = new TopologyTestDriver(builder.build());
    for (const n of [1, 2, 3]) await driver.input(left).pipe('k', { n }, { timestampMs: n });
    const written = kind === 'reduce' ? driver.output(out).readRecords() : driver.output(windowedOut).readRecords();
    expect(written.map(({ value }) => value?.n)).toEqual([1, 3, 6]);
  });
});
