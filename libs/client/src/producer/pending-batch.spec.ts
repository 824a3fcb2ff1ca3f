import { describe, expect, it } from '@jest/globals';
import { RecordBatchBuilder, RecordBatchCursor, validateBatch } from '@millrace/protocol';
import { PendingBatch } from './pending-batch.js';

function batchWith(sequence: number): { batch: PendingBatch; records: Buffer } {
  const identity = { producerId: 41, epoch: 1 };
  const builder = new RecordBatchBuilder();
  builder.append(1_000, Buffer.from('key'), Buffer.from('value'));
  const records = builder.build({ compression: 'gzip', producerId: 41, producerEpoch: 1, baseSequence: sequence });
  const content = { records, memory: Buffer.alloc(1), recordCount: 1 };
  return { batch: new PendingBatch('t', 0, content, { identity, sequence }, 0), records };
}

describe('PendingBatch', () => {
  it('sends the bytes that were built as long as nothing changes', () => {
    const { batch, records } = batchWith(3);

    expect(batch.isRestamped).toBe(false);
    expect(batch.stampedRecords()).toBe(records);
  });

  it('gives its memory back only after it was sent once: the bytes of an earlier request may still lie in a socket', () => {
    const { batch } = batchWith(3);
    batch.attempts = 1;
    expect(batch.reusableMemory).toHaveLength(1);
    batch.attempts = 2;
    expect(batch.reusableMemory).toBeUndefined();
  });

  it('puts another identity and sequence number on a copy, with a right checksum and the same records', () => {
    const { batch, records } = batchWith(3);
    const before = Buffer.from(records);

    batch.identity = { producerId: 2 ** 40, epoch: 32_767 };
    batch.sequence = 0x7fff_ffff;
    const restamped = batch.stampedRecords();

    expect(validateBatch(restamped)).toMatchObject({
      producerId: 2 ** 40,
      producerEpoch: 32_767,
      baseSequence: 0x7fff_ffff,
    });
    expect(records.equals(before)).toBe(true);
    expect(batch.isRestamped).toBe(false);
    expect(batch.stampedRecords()).toBe(restamped);
    const cursor = new RecordBatchCursor();
    cursor.reset(restamped);
    expect(cursor.nextBatch() && cursor.nextRecord()).toBe(true);
    expect(cursor.value()?.toString()).toBe('value');
  });
});
