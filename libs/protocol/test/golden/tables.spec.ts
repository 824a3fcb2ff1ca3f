import { describe, expect, it } from '@jest/globals';
import {
  ERRORS,
  ErrorCodes,
  consumerProtocol,
  decrementSequence,
  errorName,
  incrementSequence,
  isRetriable,
  murmur2,
  partitionForKey,
} from '../../src/index.js';
import { golden, inGoldenForm } from './golden-files.js';

describe('the error table', () => {
  const errors = golden('errors.json');

  it("holds exactly Kafka's errors", () => {
    const ours = Object.values(ERRORS).map(({ name, code, retriable }) => [name, code, retriable]);
    expect(new Map(ours.map((each) => [each[0], each]))).toEqual(new Map(errors.map((each) => [each[0], each])));
    expect(ErrorCodes.NONE).toBe(0);
  });

  it('names every code, also those that are newer than the table', () => {
    for (const [name, code, retriable] of errors) {
      expect([errorName(code), isRetriable(code)]).toEqual([name, retriable]);
    }
    expect(errorName(9999)).toBe('UNKNOWN_ERROR_9999');
    expect(isRetriable(9999)).toBe(false);
  });
});

describe('murmur2', () => {
  it.each(golden('murmur2.json'))("hashes and partitions %s as Kafka's Java client does", (hex, hash, partition) => {
    const key = Buffer.from(hex, 'hex');
    expect(murmur2(key)).toBe(hash);
    expect(partitionForKey(key, 48)).toBe(partition);
    const inside = Buffer.concat([Buffer.from('before'), key, Buffer.from('after')]);
    expect(murmur2(inside, 6, 6 + key.length)).toBe(hash);
  });
});

describe('sequence numbers', () => {
  it.each(golden('sequences.json'))('%d and %d wrap as in kafka-clients', (sequence, by, incremented, decremented) => {
    expect(incrementSequence(sequence, by)).toBe(incremented);
    expect(decrementSequence(sequence, by)).toBe(decremented);
  });
});

describe('the consumer protocol', () => {
  it.each(golden('consumer-protocol.json'))(
    'reads and writes version $version of a $type as kafka-clients does',
    (message) => {
      const bytes = Buffer.from(message.bytes, 'hex');
      if (message.type === 'subscription') {
        const decoded = consumerProtocol.decodeSubscription(bytes);
        expect(inGoldenForm(decoded, message.body)).toEqual(message.body);
        expect(consumerProtocol.encodeSubscription(decoded, message.version).toString('hex')).toBe(message.bytes);
      } else {
        const decoded = consumerProtocol.decodeAssignment(bytes);
        expect(inGoldenForm(decoded, message.body)).toEqual(message.body);
        expect(consumerProtocol.encodeAssignment(decoded, message.version).toString('hex')).toBe(message.bytes);
      }
    },
  );

  it('reads a newer version as the latest it knows, passing over what follows', () => {
    const bytes = consumerProtocol.encodeSubscription({ topics: ['a'], rackId: 'r' });
    bytes.writeInt16BE(9, 0);
    expect(consumerProtocol.decodeSubscription(Buffer.concat([bytes, Buffer.from('new')]))).toMatchObject({
      topics: ['a'],
      ownedPartitions: [],
      generationId: -1,
      rackId: 'r',
    });
  });

  it.each(['', 'ffff', '0000', '00000000ffff'])('refuses %p', (hex) => {
    expect(() => consumerProtocol.decodeSubscription(Buffer.from(hex, 'hex'))).toThrow(
      expect.objectContaining({ code: 'MR_PROTOCOL_CORRUPT' }),
    );
  });
});
