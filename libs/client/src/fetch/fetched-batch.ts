import { batchSizeAt } from '@millrace/protocol';

/** A transaction that was aborted, as far as it concerns fetched records. */
export interface AbortedTransaction {
  readonly producerId: number;
  /** Offset of the transaction's first record in this partition. */
  readonly firstOffset: number;
}

/** Consecutive record batches of one partition, as the broker keeps them. {@link CommittedRecords} reads them. */
export interface FetchedBatch {
  readonly topic: string;
  readonly partition: number;
  /** Complete record batches one after the other: a view on the broker's answer. May start before `startOffset`. */
  readonly records: Buffer;
  /** The position that was asked for: records below it are to be skipped. */
  readonly startOffset: number;
  /** Position after this: where the next one starts. */
  readonly nextOffset: number;
  /** Transactions whose records within `records` must not be seen; always empty with `read_uncommitted`. */
  readonly abortedTransactions: readonly AbortedTransaction[];
  /** Offset after the last replicated record, when the broker answered. */
  readonly highWatermark: number;
  /** Offset of the first record of an open transaction, or the high watermark, when the broker answered. */
  readonly lastStableOffset: number;
}

/** The complete batches at the beginning of a buffer. */
export interface CompleteBatches {
  readonly endByte: number;
  /** Offset after the last record; -1 when there is no complete batch. */
  readonly nextOffset: number;
}

const LAST_OFFSET_DELTA_AT = 23;

/**
 * Finds the end of the last complete batch: brokers cut their answers off at a number of bytes, in the middle of a batch.
 *
 * @throws {RecordError} (dead-letter) `MR_PROTOCOL_CORRUPT` when the bytes are no batches.
 */
export function completeBatches(records: Buffer): CompleteBatches {
  let endByte = 0;
  let lastStart = -1;
  for (let size = batchSizeAt(records, 0, records.length); size > 0;) {
    lastStart = endByte;
    endByte += size;
    size = batchSizeAt(records, endByte, records.length);
  }
  if (lastStart < 0) return { endByte: 0, nextOffset: -1 };
  const baseOffset = Number(records.readBigInt64BE(lastStart));
  return { endByte, nextOffset: baseOffset + records.readInt32BE(lastStart + LAST_OFFSET_DELTA_AT) + 1 };
}
