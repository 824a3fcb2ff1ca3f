/**
 * The few header fields that reading the log needs for every batch it passes, without an object for each batch.
 *
 * Positions are those of record batch version 2; `@millrace/protocol` checks the whole header once, on append and recovery.
 */
const LAST_OFFSET_DELTA_AT = 23;
const MAX_TIMESTAMP_AT = 35;
const BATCH_LENGTH_AT = 8;

/** What precedes the bytes that a batch's length field counts. */
export const LOG_OVERHEAD_BYTES = 12;

const TWO_32 = 4294967296;

export function baseOffsetOf(buffer: Buffer, start: number): number {
  return buffer.readInt32BE(start) * TWO_32 + buffer.readUInt32BE(start + 4);
}

export function lastOffsetOf(buffer: Buffer, start: number): number {
  return baseOffsetOf(buffer, start) + buffer.readInt32BE(start + LAST_OFFSET_DELTA_AT);
}

export function batchBytesOf(buffer: Buffer, start: number): number {
  return buffer.readInt32BE(start + BATCH_LENGTH_AT) + LOG_OVERHEAD_BYTES;
}

export function maxTimestampOf(buffer: Buffer, start: number): number {
  return buffer.readInt32BE(start + MAX_TIMESTAMP_AT) * TWO_32 + buffer.readUInt32BE(start + MAX_TIMESTAMP_AT + 4);
}
