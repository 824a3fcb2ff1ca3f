/**
 * The layout of a record batch, version 2. All integers are big-endian.
 *
 * ```text
 *  0 baseOffset int64        8 batchLength int32 (bytes after this field)   12 partitionLeaderEpoch int32
 * 16 magic int8 = 2         17 crc uint32 (CRC-32C of all that follows)     21 attributes int16
 * 23 lastOffsetDelta int32  27 baseTimestamp int64                          35 maxTimestamp int64
 * 43 producerId int64       51 producerEpoch int16                          53 baseSequence int32
 * 57 recordCount int32      61 records, compressed as the attributes say
 * ```
 */
export const BASE_OFFSET_AT = 0;
export const BATCH_LENGTH_AT = 8;
export const LEADER_EPOCH_AT = 12;
export const MAGIC_AT = 16;
export const CRC_AT = 17;
export const ATTRIBUTES_AT = 21;
export const LAST_OFFSET_DELTA_AT = 23;
export const BASE_TIMESTAMP_AT = 27;
export const MAX_TIMESTAMP_AT = 35;
export const PRODUCER_ID_AT = 43;
export const PRODUCER_EPOCH_AT = 51;
export const BASE_SEQUENCE_AT = 53;
export const RECORD_COUNT_AT = 57;
export const RECORDS_AT = 61;

/** What precedes the bytes that `batchLength` counts. */
export const LOG_OVERHEAD_BYTES = 12;

export const MAGIC = 2;

export const COMPRESSION_MASK = 0x07;
export const LOG_APPEND_TIME_FLAG = 0x08;
export const TRANSACTIONAL_FLAG = 0x10;
export const CONTROL_FLAG = 0x20;

const TWO_32 = 4294967296;

/** Reads an int64 as a number; the caller knows that 8 bytes are there. Beyond ±2^53 the result is not exact. */
export function readInt64(buffer: Buffer, at: number): number {
  return readInt32(buffer, at) * TWO_32 + (readInt32(buffer, at + 4) >>> 0);
}

/** Writes a number as int64. */
export function writeInt64(buffer: Buffer, at: number, value: number): void {
  const high = Math.floor(value / TWO_32);
  writeInt32(buffer, at, high);
  writeInt32(buffer, at + 4, value - high * TWO_32);
}

export function readInt32(buffer: Buffer, at: number): number {
  return (
    ((buffer[at] as number) << 24) |
    ((buffer[at + 1] as number) << 16) |
    ((buffer[at + 2] as number) << 8) |
    (buffer[at + 3] as number)
  );
}

export function writeInt32(buffer: Buffer, at: number, value: number): void {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
}

export function readInt16(buffer: Buffer, at: number): number {
  return (((buffer[at] as number) << 24) >> 16) | (buffer[at + 1] as number);
}

export function writeInt16(buffer: Buffer, at: number, value: number): void {
  buffer[at] = value >>> 8;
  buffer[at + 1] = value;
}
