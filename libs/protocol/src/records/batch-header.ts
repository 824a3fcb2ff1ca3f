import { COMPRESSIONS, type Compression } from '../compression/compression.js';
import {
  ATTRIBUTES_AT,
  BASE_OFFSET_AT,
  BASE_SEQUENCE_AT,
  BASE_TIMESTAMP_AT,
  BATCH_LENGTH_AT,
  COMPRESSION_MASK,
  CONTROL_FLAG,
  CRC_AT,
  LAST_OFFSET_DELTA_AT,
  LEADER_EPOCH_AT,
  LOG_APPEND_TIME_FLAG,
  LOG_OVERHEAD_BYTES,
  MAGIC,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  readInt16,
  readInt32,
  readInt64,
  RECORD_COUNT_AT,
  RECORDS_AT,
  TRANSACTIONAL_FLAG,
  writeInt32,
  writeInt64,
} from './batch-layout.js';
import { crc32c } from './crc32c.js';
import { corruptBatch } from './record-error.js';

/** Who set a batch's timestamps: the producer, or the broker on append (Kafka: `message.timestamp.type`). */
export type TimestampType = 'create-time' | 'log-append-time';

/** The header of a record batch. */
export interface BatchHeader {
  /** Where the batch begins in its buffer, and the position after its last byte. */
  readonly batchStart: number;
  readonly batchEnd: number;
  readonly baseOffset: number;
  /** The offset of the last record; compaction may have removed that record. */
  readonly lastOffset: number;
  readonly partitionLeaderEpoch: number;
  readonly compression: Compression;
  readonly timestampType: TimestampType;
  readonly isTransactional: boolean;
  /** Whether the batch holds a control record, such as the end of a transaction, instead of data. */
  readonly isControl: boolean;
  /** The timestamp of the first record when the batch was built; the deltas of all records count from it. */
  readonly firstTimestampMs: number;
  readonly maxTimestampMs: number;
  /** -1 when the producer is not idempotent; so are epoch and sequence. */
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly recordCount: number;
}

/**
 * The number of bytes of the batch that begins at `start`, or -1 when the range ends before it does.
 *
 * @throws RecordError `MR_PROTOCOL_CORRUPT` when the bytes cannot be the head of a batch (dead-letter).
 */
export function batchSizeAt(buffer: Buffer, start: number, end: number): number {
  if (end - start < LOG_OVERHEAD_BYTES) return -1;
  const batchBytes = readInt32(buffer, start + BATCH_LENGTH_AT) + LOG_OVERHEAD_BYTES;
  if (batchBytes < RECORDS_AT) {
    throw corruptBatch(`A batch claims ${batchBytes} bytes, less than its header takes`, baseOffsetAt(buffer, start));
  }
  if (end - start > MAGIC_AT && buffer[start + MAGIC_AT] !== MAGIC) {
    const magic = buffer[start + MAGIC_AT] as number;
    throw corruptBatch(`The format version is ${magic} instead of ${MAGIC}`, baseOffsetAt(buffer, start));
  }
  return batchBytes <= end - start ? batchBytes : -1;
}

/**
 * Reads the header of the batch at `start` and checks it, without looking at its records or its CRC.
 *
 * @throws RecordError `MR_PROTOCOL_CORRUPT` when the range holds no complete batch or the header contradicts itself (dead-letter).
 */
export function readBatchHeader(buffer: Buffer, start = 0, end = buffer.length): BatchHeader {
  const batchBytes = batchSizeAt(buffer, start, end);
  if (batchBytes === -1) throw corruptBatch(`A batch is longer than the ${end - start} bytes that hold it`);
  const baseOffset = baseOffsetAt(buffer, start);
  const attributes = readInt16(buffer, start + ATTRIBUTES_AT);
  const compression = COMPRESSIONS[attributes & COMPRESSION_MASK];
  if (compression === undefined) {
    throw corruptBatch(`Compression type ${attributes & COMPRESSION_MASK} is unknown`, baseOffset);
  }
  const lastOffsetDelta = readInt32(buffer, start + LAST_OFFSET_DELTA_AT);
  const recordCount = readInt32(buffer, start + RECORD_COUNT_AT);
  if (recordCount < 0 || lastOffsetDelta < 0 || recordCount - 1 > lastOffsetDelta) {
    throw corruptBatch(`${recordCount} records do not fit a last offset delta of ${lastOffsetDelta}`, baseOffset);
  }
  return {
    batchStart: start,
    batchEnd: start + batchBytes,
    baseOffset,
    lastOffset: baseOffset + lastOffsetDelta,
    partitionLeaderEpoch: readInt32(buffer, start + LEADER_EPOCH_AT),
    compression,
    timestampType: (attributes & LOG_APPEND_TIME_FLAG) === 0 ? 'create-time' : 'log-append-time',
    isTransactional: (attributes & TRANSACTIONAL_FLAG) !== 0,
    isControl: (attributes & CONTROL_FLAG) !== 0,
    firstTimestampMs: exactInt64(buffer, start + BASE_TIMESTAMP_AT, baseOffset),
    maxTimestampMs: exactInt64(buffer, start + MAX_TIMESTAMP_AT, baseOffset),
    producerId: exactInt64(buffer, start + PRODUCER_ID_AT, baseOffset),
    producerEpoch: readInt16(buffer, start + PRODUCER_EPOCH_AT),
    baseSequence: readInt32(buffer, start + BASE_SEQUENCE_AT),
    recordCount,
  };
}

/**
 * Reads and checks the header of the batch at `start`, and its CRC-32C. Does not walk the records.
 *
 * @throws RecordError `MR_PROTOCOL_CORRUPT` when the batch is incomplete, contradicts itself or was damaged (dead-letter).
 */
export function validateBatch(buffer: Buffer, start = 0, end = buffer.length): BatchHeader {
  const header = readBatchHeader(buffer, start, end);
  checkCrc(buffer, header);
  return header;
}

/** @throws RecordError `MR_PROTOCOL_CORRUPT` when the CRC-32C does not fit the bytes (dead-letter). */
export function checkCrc(buffer: Buffer, header: BatchHeader): void {
  const { batchStart, batchEnd, baseOffset } = header;
  const stored = readInt32(buffer, batchStart + CRC_AT) >>> 0;
  if (stored !== crc32c(buffer.subarray(batchStart + ATTRIBUTES_AT, batchEnd))) {
    throw corruptBatch('The CRC-32C does not fit the bytes', baseOffset);
  }
}

/** Sets the two fields that a broker gives a batch on append, in place. Both lie outside the CRC. */
export function patchBatchForLog(batch: Buffer, baseOffset: number, partitionLeaderEpoch: number): void {
  writeInt64(batch, BASE_OFFSET_AT, baseOffset);
  writeInt32(batch, LEADER_EPOCH_AT, partitionLeaderEpoch);
}

function baseOffsetAt(buffer: Buffer, start: number): number {
  const baseOffset = readInt64(buffer, start + BASE_OFFSET_AT);
  if (!Number.isSafeInteger(baseOffset)) throw corruptBatch('The base offset is beyond 2^53');
  return baseOffset;
}

function exactInt64(buffer: Buffer, at: number, baseOffset: number): number {
  const value = readInt64(buffer, at);
  if (!Number.isSafeInteger(value)) throw corruptBatch('A number of the header is beyond 2^53', baseOffset);
  return value;
}
