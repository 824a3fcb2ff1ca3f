import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { TopologyBuilder, json, topic, utf8, type UnmatchedRecords } from '../index.js';
import { TopologyTestDriver } from '../testing/topology-test-driver.js';

const left = topic('left', utf8, json<string>());
const right = topic('right', utf8, json<string>());
const joined = topic('joined', utf8, json<string>());

interface JoinUnderTest {
  readonly type?: 'inner' | 'left' | 'outer';
  readonly before?: number;
  readonly after?: number;
  readonly grace?: number;
  readonly unmatched?: UnmatchedRecords;
}

function joining({ type = 'left', before = 10, after = 10, grace = 0, unmatched = 'early' }: JoinUnderTest = {}): {
  readonly driver: TopologyTestDriver;
  pipe(side: 'left' | 'right', value: string | null, timestampMs: number, key?: string | null): Promise<string[]>;
} {
  const builder = new TopologyBuilder('joins');
  const options = { within: { before, after }, grace, unmatched };
  const one = builder.stream('lefts', left);
  const other = builder.stream('rights', right);
  const join = (l: string | null, r: string | null): string => `${l}-${r}`;
  const result = {
    inner: () => one.join('pairs', other, { ...options, join }),
    left: () => one.leftJoin('pairs', other, { ...options, join }),
    outer: () => one.outerJoin('pairs', other, { ...options, join }),
  }[type]();
  result.to('out', joined);
  const driver = new TopologyTestDriver(builder.build());
  return {
    driver,
    pipe: async (side, value, timestampMs, key = 'k') => {
      await driver.input(side === 'left' ? left : right).pipe(key, value, { timestampMs });
      return driver
        .output(joined)
        .readRecords()
        .map((each) => `${each.value}@${each.timestampMs}`);
    },
  };
}

describe('a windowed join of two streams', () => {
  it('joins every pair within the window, both ends included, with the later timestamp', async () => {
    const { pipe } = joining({ type: 'inner', before: 2, after: 3, grace: 100 });
    for (const at of [7, 8, 13, 14]) await pipe('right', `r${at}`, at);

    expect(await pipe('left', 'l', 10)).toEqual(['l-r8@10', 'l-r13@13']);
  });

  it('finds the earliest unmatched record after a restart, whichever input came last', async () => {
    const { driver, pipe } = joining({ type: 'outer', before: 10, after: 0 });
    await pipe('left', 'b', 1003, 'k2');
    await pipe('right', 'c', 998, 'k3');
    driver.restart();

    expect(await pipe('right', 'b', 1009, 'k2')).toEqual(['null-c@998', 'b-null@1003']);
  });

  it('keeps several records of one key and time apart, also after a restart', async () => {
    const { driver, pipe } = joining({ type: 'inner' });
    await pipe('left', 'a', 5);
    await pipe('left', 'b', 5);
    driver.restart();

    expect(await pipe('right', 'x', 5)).toEqual(['a-x@5', 'b-x@5']);
  });

  it('does not find a row whose age is the retention, as in Kafka Streams, with or without a restart', async () => {
    for (const isRestarted of [false, true]) {
      const { driver, pipe } = joining({ before: 10, after: 5, grace: 0 });
      await pipe('right', 'old', 1080);
      await pipe('right', 'new', 1095, 'other');
      if (isRestarted) driver.restart();

      expect(await pipe('left', 'l', 1076)).toEqual(['l-null@1076']);
    }
  });

  it('finds such a row where unmatched records are emitted at the close: their window is still open', async () => {
    const { pipe } = joining({ before: 10, after: 5, grace: 0, unmatched: 'at-close' });
    await pipe('right', 'old', 1080);
    await pipe('right', 'new', 1095, 'other');

    expect(await pipe('left', 'l', 1090)).toEqual(['l-old@1090']);
  });

  it('looks for closed windows no sooner than Kafka Streams does: by the reach of the side that has a record', async () => {
    const { pipe } = joining({ before: 10, after: 0, grace: 0 });
    await pipe('left', 'l', 1008);
    expect(await pipe('right', 'r', 1013, 'other')).toEqual([]);

    expect(await pipe('right', 'r', 1019, 'other')).toEqual(['l-null@1008']);
  });

  it('goes on after a restart as if there had been none, whatever it was waiting for', async () => {
    const { driver, pipe } = joining({ before: 0, after: 10, grace: 5 });
    await pipe('left', 'a', 1001);
    await pipe('left', 'b', 1004);
    await pipe('right', 'x', 1007, 'other');
    driver.restart();
    expect(await pipe('left', 'c', 1019)).toEqual([]);

    expect(await pipe('left', 'd', 1035)).toEqual(['a-null@1001', 'b-null@1004', 'c-null@1019']);
  });

  it('gives nothing for a null value, and for a null key the left side with null', async () => {
    const { driver, pipe } = joining();

    expect(await pipe('left', null, 1)).toEqual([]);
    expect(await pipe('right', 'r', 1, null)).toEqual([]);
    expect(await pipe('left', 'l', 1, null)).toEqual(['l-null@1']);
    expect(driver.counters().droppedNull).toBe(2);
  });

  it('equals a naive join of all pairs while no record is older than the grace allows', async () => {
    const record = fc.record({
      side: fc.constantFrom('left' as const, 'right' as const),
      key: fc.constantFrom('a', 'b'),
      timestampMs: fc.integer({ min: 0, max: 60 }),
      restart: fc.boolean(),
    });
    const property = fc.asyncProperty(
      fc.array(record, { maxLength: 25 }),
      fc.nat({ max: 8 }),
      fc.nat({ max: 8 }),
      async (records, before, after) => {
        const { driver, pipe } = joining({ type: 'inner', before, after, grace: 100 });
        const seen: { side: string; key: string; timestampMs: number; id: string }[] = [];
        for (const [index, { side, key, timestampMs, restart }] of records.entries()) {
          const id = `${side[0]}${index}`;
          const expected = seen
            .filter((each) => each.side !== side && each.key === key)
            .filter((each) => {
              const distanceMs = (each.timestampMs - timestampMs) * (side === 'left' ? 1 : -1);
              return distanceMs >= -before && distanceMs <= after;
            })
            .map(
              (each) =>
                `${side === 'left' ? `${id}-${each.id}` : `${each.id}-${id}`}@${Math.max(timestampMs, each.timestampMs)}`,
            );
          seen.push({ side, key, timestampMs, id });
          expect((await pipe(side, id, timestampMs, key)).sort()).toEqual(expected.sort());
          if (restart) driver.restart();
        }
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });
});
