import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyRecords, builderOf, readAll, recordOf } from '../../test/support.js';
import { COMPRESSIONS } from '../compression/compression.js';
import { patchBatchForLog, readBatchHeader, validateBatch } from './batch-header.js';
import { RecordBatchBuilder } from './record-batch-builder.js';
import { RecordBatchCursor } from './record-batch-cursor.js';
import { encodeHeaders } from './record-headers.js';

const CORRUPT = expect.objectContaining({ name: 'RecordError', code: 'MR_PROTOCOL_CORRUPT' });

describe('builder and cursor', () => {
  it.each(COMPRESSIONS)('give back any records that were put in, with compression %s', (compression) => {
    fc.assert(
      fc.property(anyRecords, fc.nat(2 ** 40), (records, baseOffset) => {
        const batch = builderOf(records).build({ compression, baseOffset });
        const expected = records.map((record, index) => ({ offset: baseOffset + index, ...record }));
        expect(readAll(batch)).toEqual(expected);
        expect(readBatchHeader(batch)).toMatchObject({
          recordCount: records.length,
          lastOffset: baseOffset + records.length - 1,
          firstTimestampMs: records[0]?.timestampMs,
          maxTimestampMs: Math.max(...records.map(({ timestampMs }) => timestampMs)),
        });
      }),
      { numRuns: compression === 'none' ? 200 : 40 },
    );
  });

  it('copy records from range to range without decoding them', () => {
    fc.assert(
      fc.property(anyRecords, (records) => {
        const batch = builderOf(records).build();
        const cursor = new RecordBatchCursor();
        cursor.reset(batch);
        cursor.nextBatch();
        const copy = new RecordBatchBuilder({ initialBytes: 64 });
        while (cursor.nextRecord()) {
          const { buffer, timestampMs, keyStart, keyEnd, valueStart, valueEnd, headersStart, headersEnd } = cursor;
          copy.appendRange(
            timestampMs,
            buffer,
            keyStart,
            keyEnd,
            buffer,
            valueStart,
            valueEnd,
            buffer,
            headersStart,
            headersEnd,
          );
        }
        expect(copy.build().equals(batch)).toBe(true);
      }),
    );
  });
});

describe('RecordBatchBuilder', () => {
  it('gives the same batch when a value is appended in place, whatever the lengths take', () => {
    const lengths = fc.oneof(fc.nat(70), fc.integer({ min: 8_100, max: 8_250 }), fc.nat(40_000));
    const headers = fc.option(fc.constant([{ key: 'h', value: Buffer.from('1') }]), { nil: undefined });
    const record = fc.tuple(fc.nat(2 ** 40), fc.option(lengths), lengths, headers);
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 8 }), (records) => {
        const copied = new RecordBatchBuilder();
        const inPlace = new RecordBatchBuilder({ initialBytes: 64 });
        for (const [timestampMs, keyLength, valueLength, its] of records) {
          const key = keyLength === null ? null : Buffer.alloc(keyLength, 'k');
          const value = Buffer.alloc(valueLength, 'v');
          copied.append(timestampMs, key, value, its);
          const into = inPlace.openRecord(timestampMs, key, key === null ? -1 : 0, key?.length ?? -1);
          into.copy(value, 0, valueLength >> 1);
          into.copy(value, valueLength >> 1, valueLength);
          const encoded = its === undefined ? null : encodeHeaders(its);
          inPlace.closeRecord(encoded, 0, encoded?.length ?? 0);
        }
        expect(inPlace.build().equals(copied.build())).toBe(true);
      }),
    );
  });

  it('takes a record back that was begun', () => {
    const builder = new RecordBatchBuilder();
    builder.append(1, null, Buffer.from('stays'));
    const { sizeInBytes } = builder;

    builder.openRecord(2, null, -1, -1).text('is taken back');
    builder.abandonRecord();

    expect(builder).toMatchObject({ sizeInBytes, recordCount: 1, greatestTimestampMs: 1 });
    expect(readAll(builder.build())).toMatchObject([{ timestampMs: 1 }]);
  });

  it('says what the batch holds and how large it is so far', () => {
    const builder = new RecordBatchBuilder();
    expect([builder.recordCount, builder.sizeInBytes, builder.greatestTimestampMs]).toEqual([0, 61, -1]);
    builder.append(7, null, Buffer.from('a'));
    builder.append(5, null, Buffer.from('b'));
    expect([builder.recordCount, builder.greatestTimestampMs]).toEqual([2, 7]);
    expect(builder.build()).toHaveLength(builder.sizeInBytes);
  });

  it('keeps a built batch apart from what is appended afterwards', () => {
    const builder = builderOf([recordOf('first')]);
    const batch = builder.build();
    const before = batch.toString('hex');
    builder.reset();
    builder.append(1, null, Buffer.from('other'));
    expect(batch.toString('hex')).toBe(before);
    expect(readAll(builder.build()).map(({ value }) => value?.toString())).toEqual(['other']);
  });

  it('gives a batch that fills its memory along with it, and goes on with what is spare', () => {
    const builder = new RecordBatchBuilder({ initialBytes: 256 });
    const fill = (text: string): void => builder.append(1, null, Buffer.alloc(100, text));
    fill('a');
    const first = builder.take();
    expect([first.memory?.length, builder.recordCount]).toEqual([256, 0]);
    const spare = Buffer.alloc(256);
    fill('b');
    builder.take({ producerId: 7 }, (bytes) => (bytes === 256 ? spare : undefined));
    fill('c');
    const third = builder.take();
    expect(third.memory).toBe(spare);
    const firsts = [first, third].map(({ records }) => readAll(records).map(({ value }) => value?.toString()[0]));
    expect(firsts).toEqual([['a'], ['c']]);
  });

  it.each(['a batch that is small beside its memory', 'a compressed batch'])('copies %s', (which) => {
    const builder = new RecordBatchBuilder({ initialBytes: which.includes('small') ? 4_096 : 256 });
    builder.append(1, null, Buffer.alloc(100, 'a'));
    const { records, memory } = builder.take({ compression: which.includes('small') ? 'none' : 'gzip' });
    builder.append(1, null, Buffer.alloc(100, 'b'));
    expect(memory).toBeUndefined();
    expect(readAll(records).map(({ value }) => value?.toString()[0])).toEqual(['a']);
    expect(builder.recordCount).toBe(1);
  });

  it('marks the batch with the producer and the transaction it belongs to', () => {
    const batch = builderOf([recordOf('x')]).build({
      producerId: 9_000_000_000,
      producerEpoch: 12,
      baseSequence: 2147483647,
      isTransactional: true,
      partitionLeaderEpoch: 3,
      compression: 'lz4',
    });
    expect(validateBatch(batch)).toMatchObject({
      producerId: 9_000_000_000,
      producerEpoch: 12,
      baseSequence: 2147483647,
      isTransactional: true,
      isControl: false,
      partitionLeaderEpoch: 3,
      compression: 'lz4',
      timestampType: 'create-time',
    });
  });

  it('refuses an empty batch and a timestamp that is no exact integer', () => {
    const builder = new RecordBatchBuilder();
    expect(() => builder.build()).toThrow('A record batch holds at least one record');
    expect(() => builder.take()).toThrow('A record batch holds at least one record');
    for (const timestampMs of [Number.NaN, 0.5, 2 ** 53]) {
      expect(() => builder.append(timestampMs, null, null)).toThrow("A record's timestamp cannot be written");
    }
    builder.append(Number.MIN_SAFE_INTEGER, null, null);
    expect(() => builder.append(Number.MAX_SAFE_INTEGER, null, null)).toThrow("A record's timestamp cannot be written");
    expect(builder.recordCount).toBe(1);
  });
});

describe('RecordBatchCursor', () => {
  const first = builderOf([recordOf('a'), recordOf('b')]).build({ baseOffset: 10 });
  const second = builderOf([recordOf('c')]).build({ baseOffset: 12, compression: 'zstd' });
  const both = Buffer.concat([first, second]);

  it('walks batches one after the other and says where each lies', () => {
    const cursor = new RecordBatchCursor();
    cursor.reset(both);
    expect(cursor.nextBatch()).toBe(true);
    expect([cursor.batchStart, cursor.batchEnd, cursor.baseOffset, cursor.lastOffset]).toEqual([
      0,
      first.length,
      10,
      11,
    ]);
    expect(cursor.nextBatch()).toBe(true);
    expect([cursor.batchStart, cursor.batchEnd, cursor.compression]).toEqual([first.length, both.length, 'zstd']);
    expect(cursor.nextRecord()).toBe(true);
    expect([cursor.offset, cursor.value()?.toString()]).toEqual([12, 'c']);
    expect([cursor.nextRecord(), cursor.nextRecord(), cursor.nextBatch(), cursor.nextBatch()]).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it('stops before a last batch that was cut off, wherever the cut is', () => {
    for (let length = first.length; length < both.length; length++) {
      expect(readAll(both.subarray(0, length)).map(({ offset }) => offset)).toEqual([10, 11]);
    }
  });

  it('delivers nothing of nothing', () => {
    expect(readAll(Buffer.alloc(0))).toEqual([]);
    const cursor = new RecordBatchCursor();
    expect([cursor.nextRecord(), cursor.nextBatch()]).toEqual([false, false]);
  });

  it('finds any changed bit of a batch by its CRC', () => {
    for (let at = 17; at < first.length; at++) {
      const damaged = Buffer.from(both);
      damaged[at] = (damaged[at] as number) ^ (1 << (at % 8));
      expect(() => readAll(damaged)).toThrow(CORRUPT);
    }
  });

  it('names the offset of a damaged batch', () => {
    const damaged = Buffer.from(both);
    damaged[first.length + 30] = 99;
    expect(() => readAll(damaged)).toThrow(
      expect.objectContaining({ message: expect.stringContaining('CRC-32C'), place: { offset: 12 } }),
    );
  });

  it('refuses formats before version 2', () => {
    const old = Buffer.from(first);
    old[16] = 1;
    expect(() => readAll(old)).toThrow('The format version is 1 instead of 2');
  });

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'refuses a %s batch that decompresses to too much',
    (compression) => {
      const bomb = builderOf([recordOf('0'.repeat(3_000_000))]).build({ compression });
      expect(readAll(bomb)).toHaveLength(1);
      expect(() => readAll(bomb, new RecordBatchCursor({ maxDecompressedBytes: 1_000_000 }))).toThrow(CORRUPT);
    },
  );

  it('can be used again after it threw', () => {
    const cursor = new RecordBatchCursor();
    const damaged = Buffer.from(first);
    damaged[70] = 99;
    expect(() => readAll(damaged, cursor)).toThrow(CORRUPT);
    expect(readAll(first, cursor)).toHaveLength(2);
  });
});

describe('patchBatchForLog', () => {
  it('sets base offset and leader epoch and leaves the CRC valid', () => {
    const batch = builderOf([recordOf('a'), recordOf('b')]).build();
    patchBatchForLog(batch, 5_000_000_000, 42);
    expect(validateBatch(batch)).toMatchObject({ baseOffset: 5_000_000_000, partitionLeaderEpoch: 42 });
    expect(readAll(batch).map(({ offset }) => offset)).toEqual([5_000_000_000, 5_000_000_001]);
  });
});

describe('validateBatch', () => {
  it('reads the batch at a position, and refuses one that is cut off', () => {
    const batch = builderOf([recordOf('a')]).build();
    const log = Buffer.concat([Buffer.alloc(7), batch, Buffer.alloc(3)]);
    expect(validateBatch(log, 7)).toMatchObject({ batchStart: 7, batchEnd: 7 + batch.length, recordCount: 1 });
    expect(() => validateBatch(log, 7, 7 + batch.length - 1)).toThrow(CORRUPT);
  });

  it.each([
    ['a length below the header', 8, '00000030'],
    ['a negative record count', 57, 'ffffffff'],
    ['more records than offsets', 57, '00000002'],
    ['a negative last offset', 23, 'ffffffff'],
    ['an unknown compression', 21, '0007'],
    ['an offset beyond 2^53', 0, '7fffffffffffffff'],
    ['a timestamp beyond 2^53', 35, '7fffffffffffffff'],
  ])('refuses %s', (_what, at, hex) => {
    const batch = builderOf([recordOf('a')]).build();
    batch.write(hex, at, 'hex');
    expect(() => readBatchHeader(batch)).toThrow(CORRUPT);
  });
});
