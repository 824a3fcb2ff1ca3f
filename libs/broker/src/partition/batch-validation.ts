import { describeError } from '@millrace/kernel';
import {
  batchSizeAt,
  crc32c,
  ErrorCodes,
  RecordBatchCursor,
  validateBatch,
  type BatchHeader,
} from '@millrace/protocol';
import type { TopicConfig } from '../topics/topic-config.js';

const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const MAX_TIMESTAMP_AT = 35;
const LOG_APPEND_TIME_FLAG = 0x08;

/** The first version of Produce in which a producer may use zstd (KIP-110). */
const ZSTD_SINCE_VERSION = 7;

/** Why a batch of a client is not appended. */
export interface BatchProblem {
  readonly errorCode: number;
  readonly reason: string;
}

/** Checks what a client wants to append: exactly one whole, undamaged batch that the topic's settings allow. */
export function checkBatch(
  records: Buffer | null,
  config: TopicConfig,
  produceVersion: number,
  nowMs: number,
): BatchHeader | BatchProblem {
  if (records === null || records.length === 0) return invalid('the request holds no record batch for the partition');
  if (records.length > MAGIC_AT && records[MAGIC_AT] !== 2) {
    return invalid(`the batch has format version ${records[MAGIC_AT]}; only version 2 is supported`);
  }
  let header: BatchHeader;
  try {
    const size = batchSizeAt(records, 0, records.length);
    if (size === -1) return invalid('the request holds no whole record batch for the partition');
    if (size < records.length) return invalid('the request holds more than one batch for the partition');
    if (records.length > config.maxMessageBytes) {
      return {
        errorCode: ErrorCodes.MESSAGE_TOO_LARGE,
        reason: `the batch has ${records.length} bytes, more than max.message.bytes (${config.maxMessageBytes})`,
      };
    }
    header = validateBatch(records);
  } catch (damage) {
    return { errorCode: ErrorCodes.CORRUPT_MESSAGE, reason: describeError(damage) };
  }
  return contentProblem(records, header, config, produceVersion, nowMs) ?? header;
}

/** Replaces the producer's timestamps by the broker's (`message.timestamp.type=LogAppendTime`), in place. */
export function stampLogAppendTime(batch: Buffer, nowMs: number): void {
  batch.writeInt16BE(batch.readInt16BE(ATTRIBUTES_AT) | LOG_APPEND_TIME_FLAG, ATTRIBUTES_AT);
  batch.writeBigInt64BE(BigInt(nowMs), MAX_TIMESTAMP_AT);
  batch.writeUInt32BE(crc32c(batch.subarray(ATTRIBUTES_AT)), CRC_AT);
}

function contentProblem(
  records: Buffer,
  header: BatchHeader,
  config: TopicConfig,
  produceVersion: number,
  nowMs: number,
): BatchProblem | undefined {
  if (header.isControl) return invalid('a client cannot write control records');
  const span = header.lastOffset - header.baseOffset + 1;
  if (header.recordCount === 0 || header.recordCount !== span) {
    return invalid(`the batch says ${header.recordCount} records but spans ${span} offsets`);
  }
  if (header.producerId >= 0 && (header.baseSequence < 0 || header.producerEpoch < 0)) {
    return invalid(
      `producer ${header.producerId} sent sequence ${header.baseSequence} and epoch ${header.producerEpoch}`,
    );
  }
  if (header.isTransactional && header.producerId < 0) return invalid('a transactional batch names no producer id');
  if (header.compression === 'zstd' && produceVersion < ZSTD_SINCE_VERSION) {
    return {
      errorCode: ErrorCodes.UNSUPPORTED_COMPRESSION_TYPE,
      reason: `zstd needs Produce version ${ZSTD_SINCE_VERSION} or later`,
    };
  }
  if (!config.isLogAppendTime && header.maxTimestampMs - nowMs > config.timestampAfterMaxMs) {
    return {
      errorCode: ErrorCodes.INVALID_TIMESTAMP,
      reason: `a timestamp lies more than message.timestamp.after.max.ms (${config.timestampAfterMaxMs}) in the future`,
    };
  }
  return config.isCompacted && hasNullKey(records)
    ? invalid('a compacted topic takes no record without a key')
    : undefined;
}

function hasNullKey(records: Buffer): boolean {
  const cursor = new RecordBatchCursor();
  cursor.reset(records);
  while (cursor.nextBatch()) while (cursor.nextRecord()) if (cursor.keyStart === -1) return true;
  return false;
}

function invalid(reason: string): BatchProblem {
  return { errorCode: ErrorCodes.INVALID_RECORD, reason };
}
