import { describe, expect, it } from '@jest/globals';
import { readAll } from '../../test/support.js';
import { validateBatch } from './batch-header.js';
import { buildControlBatch, parseControlRecord } from './control-batch.js';

describe('control batches', () => {
  it.each(['commit', 'abort'] as const)('end a transaction with %s', (type) => {
    const batch = buildControlBatch({ type, producerId: 7, producerEpoch: 2, timestampMs: 1000, baseOffset: 50 });
    expect(validateBatch(batch)).toMatchObject({
      isControl: true,
      isTransactional: true,
      producerId: 7,
      producerEpoch: 2,
      baseSequence: -1,
      baseOffset: 50,
      lastOffset: 50,
    });
    expect(readAll(batch).map(({ key }) => parseControlRecord(key))).toEqual([type]);
  });

  it.each(['', '0000', '00000002', '0000ffff'])('of another kind are told apart by their key %p', (hex) => {
    expect(parseControlRecord(Buffer.from(hex, 'hex'))).toBe('other');
  });
});
