import { RecordError } from '@millrace/kernel';
import { readInt64, writeInt64 } from '../store/int64-bytes.js';
import type { Serde } from './serde.js';
import { isAscii, utf8Text } from './short-text.js';

/** Text as UTF-8. */
export const utf8: Serde<string> = knowing<string>(isAscii, {
  name: 'utf8',
  isCanonical: true,
  serialize: (value) => Buffer.from(value, 'utf8'),
  serializeTo: (value, into) => into.text(value),
  deserialize: utf8Text,
});

/** Bytes as they are; what is read is a copy. */
export const bytes: Serde<Buffer> = knowing<Buffer>(() => true, {
  name: 'bytes',
  isCanonical: true,
  serialize: (value) => value,
  deserialize: (buffer, start, end) => Buffer.from(buffer.subarray(start, end)),
});

/** A whole number of 64 bits, big-endian, within ±2^53; the form of Kafka's `LongSerializer`. */
export const int64: Serde<number> = knowing<number>(isInt64, {
  name: 'int64',
  isCanonical: true,
  serialize: (value) => {
    if (!Number.isSafeInteger(value)) {
      throw new RecordError(
        'MR_RECORD_UNWRITABLE',
        'an int64 is a whole number within ±2^53: round it, or use another serde',
      );
    }
    const written = Buffer.allocUnsafe(8);
    writeInt64(written, 0, value);
    return written;
  },
  deserialize: (buffer, start, end) => {
    if (end - start !== 8) {
      throw new RecordError('MR_RECORD_UNREADABLE', `an int64 has 8 bytes, found ${end - start}`);
    }
    return readInt64(buffer, start);
  },
});

export { json } from './json/json.js';

function isInt64(buffer: Buffer, start: number, end: number): boolean {
  return end - start === 8 && Number.isSafeInteger(readInt64(buffer, start));
}

/** Adds {@link Serde.isReadable}. It speaks of the serde's own `deserialize`, so a spread of the serde, which may have another one, is without it. */
function knowing<T>(isReadable: NonNullable<Serde<T>['isReadable']>, serde: Serde<T>): Serde<T> {
  return Object.defineProperty(serde, 'isReadable', { value: isReadable });
}
