import type { Serde } from '../../serde/serde.js';
import { readInt64, writeInt64 } from '../int64-bytes.js';
import type { TimestampedValue } from '../key-value-store.js';

/** A value as a row's bytes: its timestamp (int64), then what the serde writes. */
export function timestampedBytes<V>(value: V, timestampMs: number, serde: Serde<V>): Buffer {
  const bytes = serde.serialize(value);
  return timestampedRange(bytes, 0, bytes.length, timestampMs);
}

/** The same of a value that is bytes already: `buffer[start, end)`. */
export function timestampedRange(buffer: Buffer, start: number, end: number, timestampMs: number): Buffer {
  const written = Buffer.allocUnsafe(8 + end - start);
  writeInt64(written, 0, timestampMs);
  buffer.copy(written, 8, start, end);
  return written;
}

/** The bytes of the value in a row. */
export function valueBytesOf(row: Buffer): Buffer {
  return row.subarray(8);
}

export function readTimestamped<V>(row: Buffer, serde: Serde<V>): TimestampedValue<V> {
  return { value: serde.deserialize(row, 8, row.length), timestampMs: readInt64(row, 0) };
}
