import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HeldCalls } from '../../test/held-calls.js';
import { TopologyBuilder, json, topic, utf8, type CallOrder } from '../index.js';
import { TopologyTestDriver } from '../testing/topology-test-driver.js';

const input = topic('input', utf8, utf8);
const out = topic('out', utf8, utf8);
const counts = topic('counts', utf8, json<number>());
const letters = topic('input-dlt', utf8, utf8);

/** What happens to one call after the other: which of those that wait ends (modulo their number), and how; or a crash. */
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ nth: fc.nat(50), ends: fc.constantFrom('well', 'well', 'well', 'badly') }) },
  { weight: 1, arbitrary: fc.constant('crash' as const) },
);

interface Run {
  readonly given: readonly { readonly key: string; readonly value: string }[];
  readonly outside: HeldCalls;
  readonly answered: readonly string[];
  readonly refused: readonly string[];
  readonly counted: readonly string[];
}

/** Calls for records of the given keys through a window; ends the calls as the steps say, then all that are left. */
async function run(
  order: CallOrder,
  maxInFlight: number,
  keys: readonly string[],
  steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[],
): Promise<Run> {
  const outside = new HeldCalls();
  const builder = new TopologyBuilder('property');
  const answers = builder
    .stream('in', input)
    .asyncMap('ask', outside.call, { value: utf8, order, maxInFlight, timeout: '1h' });
  answers.to('answers', out);
  answers.groupByKey().count('count', { store: 'counts' }).toStream('counted').to('sink', counts);
  const driver = new TopologyTestDriver(builder.build(), { policy: { onProcessingError: 'dead-letter' } });
  const given = keys.map((key, nth) => ({ key, value: `${key}${nth}` }));
  for (const { key, value } of given) await driver.input(input).pipe(key, value);
  for (const each of steps) {
    if (each === 'crash') driver.restart();
    else {
      const held = outside.waiting[each.nth % outside.waiting.length];
      if (each.ends === 'well') held?.answer(held.value);
      else held?.fail(new Error('no'));
    }
    await driver.advanceWallClock(0);
  }
  while (outside.waiting.length > 0) {
    for (const held of [...outside.waiting]) held.answer(held.value);
    await driver.advanceWallClock(0);
  }
  return {
    given,
    outside,
    answered: driver.output(out).readValues() as string[],
    refused: driver.output(letters).readValues() as string[],
    counted: driver
      .output(counts)
      .readRecords()
      .map(({ key, value }) => `${key}=${value}`),
  };
}

const byKey = (values: readonly string[]): ReadonlyMap<string, string[]> =>
  Map.groupBy(values, (value) => value.slice(0, 1));

describe.each(['ordered', 'per-key', 'unordered'] as const)('asyncMap, %s', (order) => {
  it('keeps its order, its bounds, and every record once, whatever the order of the answers and whenever it crashes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 14 }),
        fc.array(step, { maxLength: 20 }),
        async (maxInFlight, keys, steps) => {
          const { given, outside, answered, refused, counted } = await run(order, maxInFlight, keys, steps);
          const values = given.map(({ value }) => value);
          const expected = values.filter((value) => !refused.includes(value));

          expect([...answered, ...refused].toSorted()).toEqual(values.toSorted());
          expect(outside.mostAtOnce).toBeLessThanOrEqual(maxInFlight);
          if (order === 'ordered') expect(answered).toEqual(expected);
          if (order !== 'unordered') {
            expect(outside.hasOverlapped).toBe(false);
            expect([...byKey(answered)].toSorted()).toEqual([...byKey(expected)].toSorted());
          }
          // Each count once and none left out: what is stored was stored exactly once, too.
          for (const [key, ofKey] of byKey(answered)) {
            const seen = counted.filter((each) => each.startsWith(`${key}=`));
            expect(seen).toEqual(ofKey.map((_value, nth) => `${key}=${nth + 1}`));
          }
        },
      ),
      { numRuns: 150 },
    );
  }, 30_000);
});
