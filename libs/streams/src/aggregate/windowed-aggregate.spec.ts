import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TopologyBuilder, json, topic, tumbling, utf8, windowedKey } from '../index.js';
import { TopologyTestDriver } from '../testing/topology-test-driver.js';

const SIZE_MS = 10;
const input = topic('input', utf8, json<number>());
const sums = topic('sums', windowedKey(utf8, SIZE_MS), json<number>());

function summing(graceMs: number, cache: boolean): TopologyTestDriver {
  const builder = new TopologyBuilder('sums');
  builder
    .stream('in', input)
    .groupByKey()
    .windowedBy(tumbling({ size: SIZE_MS, grace: graceMs }))
    .aggregate('sum', { store: 'sums', cache, initialize: () => 0, add: (sum, value) => sum + value })
    .toStream('changes')
    .to('sink', sums);
  return new TopologyTestDriver(builder.build());
}

const record = fc.record({
  key: fc.constantFrom('a', 'b'),
  value: fc.nat(9),
  timestampMs: fc.nat(120),
  restart: fc.boolean(),
});

describe('a windowed aggregate', () => {
  it('equals a naive fold of what is not late, for any order of arrival, any grace and any restarts', async () => {
    const records = fc.array(record, { maxLength: 40 });
    const property = fc.asyncProperty(records, fc.nat(30), fc.boolean(), async (given, graceMs, cache) => {
      const driver = summing(graceMs, cache);
      const totals = new Map<string, { sum: number; newestMs: number }>();
      const expected: [string, number, number, number][] = [];
      let streamTimeMs = -1;
      let late = 0;
      let counted = 0;
      for (const { key, value, timestampMs, restart } of given) {
        streamTimeMs = Math.max(streamTimeMs, timestampMs);
        const startMs = Math.floor(timestampMs / SIZE_MS) * SIZE_MS;
        if (startMs + SIZE_MS + graceMs <= streamTimeMs) {
          late++;
        } else {
          const before = totals.get(`${key}@${startMs}`) ?? { sum: 0, newestMs: -1 };
          const after = { sum: before.sum + value, newestMs: Math.max(before.newestMs, timestampMs) };
          totals.set(`${key}@${startMs}`, after);
          expected.push([key, startMs, after.sum, after.newestMs]);
        }
        await driver.input(input).pipe(key, value, { timestampMs });
        if (!restart) continue;
        counted += driver.counters().droppedLate;
        driver.restart();
      }
      const emitted = driver.output(sums).readRecords();

      expect(emitted.map((each) => [each.key?.key, each.key?.startMs, each.value, each.timestampMs])).toEqual(expected);
      expect(counted + driver.counters().droppedLate).toBe(late);
    });
    await fc.assert(property, { numRuns: 80 });
  });

  it('gives memory back once a window is closed for good', async () => {
    const driver = summing(10, false);
    for (let at = 0; at < 2_000; at += 5) await driver.input(input).pipe('a', 1, { timestampMs: at });

    expect(driver.store('sums').size()).toBeLessThanOrEqual(4);
  });

  it('deletes a window whose aggregate is null, and begins anew with the next record', async () => {
    const builder = new TopologyBuilder('nulls');
    builder
      .stream('in', input)
      .groupByKey()
      .windowedBy(tumbling({ size: SIZE_MS, grace: 0 }))
      .aggregate<number | null>('sum', {
        store: 'sums',
        initialize: () => 0,
        add: (sum, value) => (value === 0 ? null : (sum ?? 0) + value),
      })
      .toStream('changes')
      .to('sink', topic('sums', windowedKey(utf8, SIZE_MS), json<number | null>()));
    const driver = new TopologyTestDriver(builder.build());
    for (const value of [5, 0]) await driver.input(input).pipe('a', value, { timestampMs: 1 });
    driver.restart();
    expect(driver.store('sums').size()).toBe(0);
    await driver.input(input).pipe('a', 3, { timestampMs: 1 });

    expect(driver.output(sums).readValues()).toEqual([5, null, 3]);
  });
});
