import fc from 'fast-check';
import { RecordBatchBuilder } from '@millrace/protocol';
import type { RecordDraft } from './wire-record.js';

const bytesOrNull = (maxLength: number): fc.Arbitrary<Uint8Array | null> =>
  fc.option(fc.uint8Array({ maxLength }), { nil: null, freq: 4 });

const HEADER_NAMES = ['a', 'b', 'trace-id', 'ü', '名'];

/** `null` as a header's value is what kafkajs cannot write. */
const header = (withNull: boolean): fc.Arbitrary<RecordDraft['headers'][number]> =>
  fc.record({
    key: fc.constantFrom(...HEADER_NAMES),
    value: fc
      .option(fc.uint8Array({ maxLength: 20 }), { nil: null, freq: withNull ? 4 : 1_000_000 })
      .map((value) => (value === null ? (withNull ? null : Buffer.alloc(0)) : Buffer.from(value))),
  });

/** Batches of arbitrary records: null, empty and binary keys and values, repeated headers, times in any order. */
export function recordDrafts(options: { readonly nullHeaders: boolean }): fc.Arbitrary<RecordDraft[]> {
  const record = fc.record({
    timestampMs: fc.integer({ min: 0, max: 1_700_000_000_000 }),
    key: bytesOrNull(40),
    value: fc.oneof(
      bytesOrNull(40),
      fc.integer({ min: 1, max: 3_000 }).map((size) => Buffer.alloc(size, 'abcdef')),
    ),
    headers: fc.array(header(options.nullHeaders), { maxLength: 4 }),
  });
  return fc.array(record, { minLength: 1, maxLength: 12 });
}

/** Drafts as one batch of this client. */
export function batchOfDrafts(drafts: readonly RecordDraft[]): RecordBatchBuilder {
  const builder = new RecordBatchBuilder();
  for (const { timestampMs, key, value, headers } of drafts) builder.append(timestampMs, key, value, headers);
  return builder;
}
