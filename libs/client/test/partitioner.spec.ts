import { describe, expect, it } from '@jest/globals';
import { murmur2, partitionForKey } from '@millrace/protocol';
import fc from 'fast-check';
import kafkajs from 'kafkajs';

describe('the partition of a key', () => {
  it('is the one that kafkajs chooses, for arbitrary keys and numbers of partitions', () => {
    const choose = kafkajs.Partitioners.DefaultPartitioner();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.integer({ min: 1, max: 1_000 }), (bytes, partitions) => {
        const key = Buffer.from(bytes);
        const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
          ...{ partitionErrorCode: 0, leader: 1, replicas: [1], isr: [1] },
          partitionId,
        }));

        expect(partitionForKey(key, partitions)).toBe(
          choose({ topic: 'orders', partitionMetadata, message: { key, value: null } }),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it('follows from a hash that is a signed number of 32 bits', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const hash = murmur2(Buffer.from(bytes));
        expect(hash | 0).toBe(hash);
      }),
    );
  });
});
