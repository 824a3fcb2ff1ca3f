import { readInt64, writeInt64 } from './int64-bytes.js';

/** Bytes that follow the key in the changelog of a session store: the session's end, then its start, both int64. */
const SUFFIX_BYTES = 16;

/** The changelog key of a session: the key's bytes, end and start; big-endian, like Kafka Streams' session key. */
export function sessionKeyBytes(key: Buffer, startMs: number, endMs: number): Buffer {
  const written = Buffer.allocUnsafe(key.length + SUFFIX_BYTES);
  key.copy(written, 0);
  writeInt64(written, key.length, endMs);
  writeInt64(written, key.length + 8, startMs);
  return written;
}

/** Where the key proper ends in a session key that ends at `end`. */
export function sessionKeyEnd(end: number): number {
  return end - SUFFIX_BYTES;
}

/** Start and end of the session in a key that ends at `end`. */
export function sessionTimesOf(buffer: Buffer, end: number): { readonly startMs: number; readonly endMs: number } {
  return { startMs: readInt64(buffer, end - 8), endMs: readInt64(buffer, end - 16) };
}
