/**
 * One partition of a topic: its log, its producers, and who waits for more of it.
 *
 * Invariants: a batch is appended only after the checks of its producer passed, and both log and producer state change or
 * neither does; with one replica the high watermark is the end of the log.
 */
import type { Clock } from '@millrace/kernel';
import {
  buildControlBatch,
  ErrorCodes,
  parseControlRecord,
  patchBatchForLog,
  readBatchHeader,
  RecordBatchCursor,
  type BatchHeader,
  type TransactionEnd,
} from '@millrace/protocol';
import type { LogSlice, ReadRange } from '../log/log-slice.js';
import { PartitionLog, type PartitionLogOptions } from '../log/partition-log.js';
import type { AbortedTransaction } from '../producer-state/aborted-transactions.js';
import { ProducerStates } from '../producer-state/producer-states.js';
import type { TopicConfig } from '../topics/topic-config.js';
import { appended, refused, type AppendResult } from './append-result.js';
import { stampLogAppendTime } from './batch-validation.js';

/** With one broker, leadership never changes. */
export const LEADER_EPOCH = 0;

export interface PartitionOptions extends PartitionLogOptions {
  readonly topic: string;
  readonly index: number;
  readonly clock: Clock;
  readonly config: TopicConfig;
}

export class Partition {
  readonly topic: string;
  readonly index: number;
  readonly config: TopicConfig;
  readonly #clock: Clock;
  readonly #log: PartitionLog;
  readonly #producers = new ProducerStates();
  readonly #watchers = new Set<() => void>();

  constructor(options: PartitionOptions) {
    this.topic = options.topic;
    this.index = options.index;
    this.config = options.config;
    this.#clock = options.clock;
    this.#log = PartitionLog.open(options, (header, buffer) => this.#restore(header, buffer));
  }

  get logStartOffset(): number {
    return this.#log.startOffset;
  }

  get highWatermark(): number {
    return this.#log.nextOffset;
  }

  get lastStableOffset(): number {
    return Math.max(this.#log.startOffset, this.#producers.lastStableOffset(this.#log.nextOffset));
  }

  get maxTimestampMs(): number {
    return this.#log.maxTimestampMs;
  }

  /**
   * Appends a client's batch, which is kept without copying and given its offset in place.
   *
   * @param header what `checkBatch` found. @throws {StorageError} (stop-app) when it could not be written.
   */
  append(batch: Buffer, header: BatchHeader): AppendResult {
    if (header.producerId >= 0) {
      const verdict = this.#producers.judge(header);
      if (verdict.kind === 'duplicate') return appended(verdict.baseOffset, -1);
      if (verdict.kind === 'refuse') return refused(verdict.errorCode, verdict.reason);
    }
    const nowMs = this.#clock.nowMs();
    const { isLogAppendTime } = this.config;
    if (isLogAppendTime) stampLogAppendTime(batch, nowMs);
    const stored = this.#appendAtEnd(batch);
    this.#producers.record(stored, nowMs);
    this.#wake();
    return appended(stored.baseOffset, isLogAppendTime ? nowMs : -1);
  }

  /**
   * Writes the marker that ends a producer's transaction in this partition. As in Kafka, it is also written when the
   * transaction has no data here, and a second one, of a commit or abort that is resumed, changes nothing.
   *
   * @throws {StorageError} (stop-app) when it could not be written.
   */
  endTransaction(end: TransactionEnd, producerId: number, producerEpoch: number): void {
    const nowMs = this.#clock.nowMs();
    const marker = buildControlBatch({ type: end, producerId, producerEpoch, timestampMs: nowMs });
    const stored = this.#appendAtEnd(marker);
    this.#producers.complete(producerId, producerEpoch, stored.baseOffset, end === 'abort', nowMs);
    this.#wake();
  }

  isInTransaction(producerId: number, producerEpoch: number): boolean {
    return this.#producers.isInTransaction(producerId, producerEpoch);
  }

  read(range: ReadRange): LogSlice {
    return this.#log.read(range);
  }

  /** The aborted transactions with data between two offsets, the second one excluded. */
  abortedWithin(fromOffset: number, untilOffset: number): AbortedTransaction[] {
    return this.#producers.aborted.within(fromOffset, untilOffset);
  }

  /** Deletes the records before an offset, which lies in the log; readers find that it begins there. */
  deleteBefore(offset: number): void {
    this.#log.deleteBefore(offset);
  }

  /** The first record below `untilOffset` with at least this timestamp. */
  offsetForTimestamp(timestampMs: number, untilOffset: number): { offset: number; timestampMs: number } | undefined {
    const cursor = new RecordBatchCursor();
    for (let fromOffset = this.#log.startOffset; ;) {
      const batch = this.#log.firstBatchReaching(timestampMs, fromOffset);
      if (batch === undefined) return undefined;
      cursor.reset(batch);
      while (cursor.nextBatch()) {
        while (cursor.nextRecord()) {
          if (cursor.offset >= untilOffset) return undefined;
          if (cursor.offset < fromOffset || cursor.timestampMs < timestampMs) continue;
          return { offset: cursor.offset, timestampMs: cursor.timestampMs };
        }
      }
      // Those of its records that are late enough were deleted.
      fromOffset = readBatchHeader(batch).lastOffset + 1;
    }
  }

  /** Calls `watcher` after each append until the returned function is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  sync(): void {
    this.#log.sync();
  }

  close(): void {
    this.#log.close();
    this.#wake();
  }

  /** Closes the partition and removes its files; who waits for it finds out. */
  delete(): void {
    this.#log.delete();
    this.#wake();
  }

  #appendAtEnd(batch: Buffer): BatchHeader {
    patchBatchForLog(batch, this.#log.nextOffset, LEADER_EPOCH);
    const header = readBatchHeader(batch);
    this.#log.append(batch, header);
    return header;
  }

  #restore(header: BatchHeader, buffer: Buffer): void {
    if (!header.isControl) {
      this.#producers.record(header, this.#clock.nowMs());
      return;
    }
    const cursor = new RecordBatchCursor();
    cursor.reset(buffer.subarray(header.batchStart, header.batchEnd));
    cursor.nextBatch();
    cursor.nextRecord();
    const end = parseControlRecord(cursor.key());
    if (end === 'other') return;
    const { producerId, producerEpoch, baseOffset } = header;
    this.#producers.complete(producerId, producerEpoch, baseOffset, end === 'abort', this.#clock.nowMs());
  }

  #wake(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

/** The error code for a request that names a leader epoch other than this broker's, or NONE. */
export function leaderEpochError(currentLeaderEpoch: number): number {
  if (currentLeaderEpoch === -1 || currentLeaderEpoch === LEADER_EPOCH) return ErrorCodes.NONE;
  return currentLeaderEpoch < LEADER_EPOCH ? ErrorCodes.FENCED_LEADER_EPOCH : ErrorCodes.UNKNOWN_LEADER_EPOCH;
}
