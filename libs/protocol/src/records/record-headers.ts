import { corruptBatch } from './record-error.js';
import { sizeOfVarint, writeVarint } from './varint.js';

/** A header of a record: a text key, which may occur more than once, and bytes or null. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Buffer | null;
}

/**
 * Decodes headers in the form that a record holds them: a count, then keys and values with their lengths.
 *
 * @throws RecordError `MR_PROTOCOL_CORRUPT` when they do not end exactly at `end` (dead-letter).
 */
export function readHeaders(buffer: Buffer, start: number, end: number, offset?: number): RecordHeader[] {
  let at = start;
  const varint = (): number => {
    let raw = 0;
    for (let shift = 0; shift < 35 && at < end; shift += 7) {
      const byte = buffer[at++] as number;
      raw |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (raw >>> 1) ^ -(raw & 1);
    }
    throw corruptBatch('A header ends early', offset);
  };
  const part = (lengthBytes: number): Buffer => {
    if (lengthBytes > end - at) throw corruptBatch('A header is longer than its record', offset);
    at += lengthBytes;
    return buffer.subarray(at - lengthBytes, at);
  };
  const count = varint();
  if (count < 0 || count > end - at) throw corruptBatch(`A record claims ${count} headers`, offset);
  const headers: RecordHeader[] = [];
  for (let index = 0; index < count; index++) {
    const keyBytes = varint();
    if (keyBytes < 0) throw corruptBatch('The key of a header is null', offset);
    const key = part(keyBytes).toString('utf8');
    const valueBytes = varint();
    headers.push({ key, value: valueBytes < 0 ? null : part(valueBytes) });
  }
  if (at !== end) throw corruptBatch('Bytes follow the last header', offset);
  return headers;
}

/** Encodes headers in the form that a record holds them, as {@link readHeaders} and `appendRange` take them. */
export function encodeHeaders(headers: readonly { readonly key: string; readonly value: Uint8Array | null }[]): Buffer {
  let sizeInBytes = sizeOfVarint(headers.length);
  for (const { key, value } of headers) {
    const keyBytes = Buffer.byteLength(key);
    sizeInBytes += sizeOfVarint(keyBytes) + keyBytes;
    sizeInBytes += value === null ? 1 : sizeOfVarint(value.length) + value.length;
  }
  const encoded = Buffer.allocUnsafe(sizeInBytes);
  let at = writeVarint(encoded, 0, headers.length);
  for (const { key, value } of headers) {
    at = writeVarint(encoded, at, Buffer.byteLength(key));
    at += encoded.write(key, at, 'utf8');
    at = writeVarint(encoded, at, value === null ? -1 : value.length);
    if (value === null) continue;
    encoded.set(value, at);
    at += value.length;
  }
  return encoded;
}
