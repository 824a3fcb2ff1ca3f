import { describe, expect, it } from '@jest/globals';
import { RecordError } from '@millrace/kernel';
import fc from 'fast-check';
import { crc32c, RecordBatchCursor, validateBatch } from '../../src/index.js';
import { golden } from '../golden/golden-files.js';
import { damaged } from './damage.js';

const batches = golden('batches.json').map(({ name, bytes }): [string, Buffer] => [name, Buffer.from(bytes, 'hex')]);

const MAX_DECOMPRESSED_BYTES = 1 << 20;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;

/** Makes the CRC fit again, so that the damage reaches what lies behind it. */
function withFittingCrc(batch: Buffer): Buffer {
  if (batch.length > ATTRIBUTES_AT) batch.writeUInt32BE(crc32c(batch.subarray(ATTRIBUTES_AT)), CRC_AT);
  return batch;
}

/** Makes length, version and CRC fit again. */
function withFittingHead(batch: Buffer): Buffer {
  if (batch.length <= ATTRIBUTES_AT) return batch;
  batch.writeInt32BE(batch.length - 12, 8);
  batch[16] = 2;
  return withFittingCrc(batch);
}

/** Walks everything; a `RecordError` is the only way to fail. Returns how many records it got. */
function walk(bytes: Buffer): number {
  const cursor = new RecordBatchCursor({ maxDecompressedBytes: MAX_DECOMPRESSED_BYTES });
  cursor.reset(bytes);
  let records = 0;
  try {
    while (cursor.nextBatch()) {
      expect(cursor.buffer.length).toBeLessThanOrEqual(Math.max(bytes.length, MAX_DECOMPRESSED_BYTES));
      while (cursor.nextRecord()) {
        records += 1;
        cursor.headers();
        const inside = [cursor.keyEnd, cursor.valueEnd, cursor.headersEnd].every((end) => end <= cursor.buffer.length);
        expect(inside).toBe(true);
        expect(cursor.offset).toBeLessThanOrEqual(cursor.lastOffset);
      }
    }
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    expect(error.code).toBe('MR_PROTOCOL_CORRUPT');
  }
  return records;
}

describe('hostile record batches', () => {
  it.each(batches)('are refused with a RecordError, or read: %s', (_name, batch) => {
    for (const repair of [(bytes: Buffer) => bytes, withFittingCrc, withFittingHead]) {
      fc.assert(
        fc.property(damaged(batch), (bytes) => {
          expect(walk(repair(bytes))).toBeLessThanOrEqual(bytes.length + MAX_DECOMPRESSED_BYTES);
        }),
        { numRuns: 150 },
      );
    }
  });

  it('of random bytes are refused with a RecordError, or not read at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (random) => {
        walk(Buffer.from(random));
        walk(withFittingHead(Buffer.from(random)));
      }),
      { numRuns: 2000 },
    );
  });

  it('are refused by validateBatch with a RecordError, or accepted', () => {
    const any = fc.constantFrom(...batches.map(([, bytes]) => bytes)).chain(damaged);
    fc.assert(
      fc.property(any, fc.boolean(), (bytes, repair) => {
        try {
          expect(validateBatch(repair ? withFittingHead(bytes) : bytes).batchEnd).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          if (!(error instanceof RecordError)) throw error;
          expect(error.code).toBe('MR_PROTOCOL_CORRUPT');
        }
      }),
      { numRuns: 1000 },
    );
  });
});
