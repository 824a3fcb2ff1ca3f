import type { GrowingBytes } from '@millrace/protocol';
import { readInt64, writeInt64 } from './int64-bytes.js';

/** Bytes that follow the key in the changelog of a windowed store: the window's start, then a sequence number. */
const SUFFIX_BYTES = 12;

/**
 * The changelog key of a row in a windowed store: the key's bytes, the window's start (int64) and, for stores that keep
 * several rows of one key and time, a sequence number (int32); big-endian, like Kafka Streams' window key.
 */
export function windowKeyBytes(key: Buffer, startMs: number, sequence: number): Buffer {
  const written = Buffer.allocUnsafe(key.length + SUFFIX_BYTES);
  key.copy(written, 0);
  writeWindow(written, key.length, startMs, sequence);
  return written;
}

/** As {@link windowKeyBytes}, where the key's bytes stand in `into`: appends what follows them. */
export function appendWindow(into: GrowingBytes, startMs: number, sequence: number): void {
  into.reserve(SUFFIX_BYTES);
  writeWindow(into.bytes, into.length, startMs, sequence);
  into.length += SUFFIX_BYTES;
}

function writeWindow(buffer: Buffer, at: number, startMs: number, sequence: number): void {
  writeInt64(buffer, at, startMs);
  buffer.writeInt32BE(sequence, at + 8);
}

/** Where the key proper ends in a changelog key that ends at `end`. */
export function windowKeyEnd(end: number): number {
  return end - SUFFIX_BYTES;
}

/** The window's start in a changelog key that ends at `end`. */
export function windowStartOf(buffer: Buffer, end: number): number {
  return readInt64(buffer, end - 12);
}

/** The sequence number in a changelog key that ends at `end`. */
export function sequenceOf(buffer: Buffer, end: number): number {
  return buffer.readInt32BE(end - 4);
}
