import { RecordError } from '@millrace/kernel';
import type { Serde } from './serde.js';

/** Text as UTF-8. */
export const utf8: Serde<string> = {
  name: 'utf8',
  serialize: (value) => Buffer.from(value, 'utf8'),
  deserialize: (buffer, start, end) => buffer.toString('utf8', start, end),
};

/** Bytes as they are; what is read is a copy. */
export const bytes: Serde<Buffer> = {
  name: 'bytes',
  serialize: (value) => value,
  deserialize: (buffer, start, end) => Buffer.from(buffer.subarray(start, end)),
};

/** A whole number of 64 bits, big-endian, within ±2^53; the form of Kafka's `LongSerializer`. */
export const int64: Serde<number> = {
  name: 'int64',
  serialize: (value) => {
    const written = Buffer.allocUnsafe(8);
    written.writeBigInt64BE(BigInt(value));
    return written;
  },
  deserialize: (buffer, start, end) => {
    if (end - start !== 8) {
      throw new RecordError('MR_RECORD_UNREADABLE', `an int64 has 8 bytes, found ${end - start}`);
    }
    return buffer.readInt32BE(start) * 4_294_967_296 + buffer.readUInt32BE(start + 4);
  },
};

/** JSON without a contract: for internal topics and tests. Topics that others write deserve a contract. */
export function json<T>(): Serde<T> {
  return {
    name: 'json',
    serialize: (value) => Buffer.from(JSON.stringify(value), 'utf8'),
    deserialize: (buffer, start, end) => {
      try {
        return JSON.parse(buffer.toString('utf8', start, end)) as T;
      } catch (cause) {
        throw new RecordError('MR_RECORD_UNREADABLE', 'the value is not JSON: correct the producer', { cause });
      }
    },
  };
}
