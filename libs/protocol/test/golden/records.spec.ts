import { describe, expect, it } from '@jest/globals';
import { RecordBatchBuilder, RecordBatchCursor, parseControlRecord, validateBatch } from '../../src/index.js';
import { golden, type GoldenBatch, type GoldenRecord } from './golden-files.js';

const batches = golden('batches.json').map((batch): [string, GoldenBatch] => [batch.name, batch]);

function bytesOf(hex: string | null): Buffer | null {
  return hex === null ? null : Buffer.from(hex, 'hex');
}

function currentRecord(cursor: RecordBatchCursor): GoldenRecord {
  return {
    offset: cursor.offset,
    timestampMs: cursor.timestampMs,
    key: cursor.key()?.toString('hex') ?? null,
    value: cursor.value()?.toString('hex') ?? null,
    headers: cursor.headers().map(({ key, value }) => [key, value?.toString('hex') ?? null]),
  };
}

describe('record batches written by kafka-clients', () => {
  it.each(batches)('reads the header and the records of a batch: %s', (name, batch) => {
    const { bytes, records, ...header } = batch;
    const cursor = new RecordBatchCursor();
    cursor.reset(Buffer.from(bytes, 'hex'));

    expect(cursor.nextBatch()).toBe(true);
    const { name: _, ...expected } = header;
    for (const [field, value] of Object.entries(expected)) {
      expect([field, cursor[field as keyof RecordBatchCursor]]).toEqual([field, value]);
    }
    const read: GoldenRecord[] = [];
    while (cursor.nextRecord()) read.push(currentRecord(cursor));
    expect(read).toHaveLength(batch.recordCount);
    expect(name.endsWith('large') ? read.slice(0, 1) : read).toEqual(records);
    expect(cursor.nextBatch()).toBe(false);
  });

  it.each(batches)('accepts header and CRC of a batch: %s', (_name, batch) => {
    const bytes = Buffer.from(batch.bytes, 'hex');
    expect(validateBatch(bytes)).toMatchObject({ baseOffset: batch.baseOffset, batchEnd: bytes.length });
  });

  it.each(batches.filter(([name, batch]) => batch.compression === 'none' && /plain|control/.test(name)))(
    'builds the same bytes from the same records: %s',
    (_name, batch) => {
      const builder = new RecordBatchBuilder();
      for (const { timestampMs, key, value, headers } of batch.records) {
        builder.append(
          timestampMs,
          bytesOf(key),
          bytesOf(value),
          headers.map(([headerKey, headerValue]) => ({ key: headerKey, value: bytesOf(headerValue) })),
        );
      }
      expect(builder.build(batch).toString('hex')).toBe(batch.bytes);
    },
  );

  it.each(batches.filter(([name]) => name.startsWith('control')))(
    'knows how the transaction ended: %s',
    (name, batch) => {
      const key = bytesOf(batch.records[0]?.key ?? null);
      expect(`control, ${parseControlRecord(key)}`).toBe(name);
    },
  );
});
