import fc from 'fast-check';
import { RecordBatchBuilder, RecordBatchCursor, type RecordHeader } from '../src/index.js';

/** A record as a test states it. */
export interface TestRecord {
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

const bytes = fc.oneof(fc.uint8Array({ maxLength: 12 }), fc.uint8Array({ minLength: 40, maxLength: 200 }));
const nullableBytes = fc.option(bytes.map((each) => Buffer.from(each)));
const header = fc.record({ key: fc.string({ unit: 'grapheme', maxLength: 10 }), value: nullableBytes });

/** Records of all shapes: nulls, empty parts, headers that repeat, timestamps far apart and out of order. */
export const anyRecords: fc.Arbitrary<TestRecord[]> = fc.array(
  fc.record({
    timestampMs: fc.oneof(
      fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }),
      fc.integer({ min: -1, max: 4_000_000_000_000_000 }),
    ),
    key: nullableBytes,
    value: nullableBytes,
    headers: fc.array(header, { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 20 },
);

/** A builder that holds these records. */
export function builderOf(records: readonly TestRecord[]): RecordBatchBuilder {
  const builder = new RecordBatchBuilder({ initialBytes: 64 });
  for (const { timestampMs, key, value, headers } of records) builder.append(timestampMs, key, value, headers);
  return builder;
}

/** Everything that a cursor delivers of some batches. */
export function readAll(batches: Buffer, cursor = new RecordBatchCursor()): (TestRecord & { offset: number })[] {
  const read: (TestRecord & { offset: number })[] = [];
  cursor.reset(batches);
  while (cursor.nextBatch()) {
    while (cursor.nextRecord()) {
      const { offset, timestampMs } = cursor;
      read.push({ offset, timestampMs, key: cursor.key(), value: cursor.value(), headers: cursor.headers() });
    }
  }
  return read;
}

/** A record with the given value and nothing else of interest. */
export function recordOf(value: string, timestampMs = 1_700_000_000_000): TestRecord {
  return { timestampMs, key: null, value: Buffer.from(value), headers: [] };
}
