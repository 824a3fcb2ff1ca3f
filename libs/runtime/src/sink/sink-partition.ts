import type { FetchedBatch } from '@millrace/client';
import type { SinkBatch, SinkRecord, Topic } from '@millrace/streams';
import { RecordDecoder, type DecodedRecords, type UnreadableHandler } from './record-decoder.js';

/** Bounds of the batches of a partition. */
export interface BatchLimits {
  readonly maxBatchRecords: number;
  readonly lingerMs: number;
}

/**
 * One partition that a sink owns: what was fetched and is not yet written.
 *
 * Invariant: `firstOffset` is the offset after the last write, and a batch covers everything from there to its
 * `nextOffset`, also the records that were passed over, so batches tile the partition.
 */
export class SinkPartition {
  readonly topic: Topic<unknown, unknown>;
  readonly partition: number;
  readonly #decoder: RecordDecoder;
  readonly #limits: BatchLimits;
  #pending: DecodedRecords = { records: [], ingestedAtMs: [] };
  #firstOffset: number;
  #pendingSinceMs = 0;
  #limit: number;
  #passedOver = false;
  /** No write before this moment of the monotonic clock: the last one failed. */
  notBeforeMs = 0;
  /** How often the batch that is due was tried without success. */
  failures = 0;

  constructor(
    topic: Topic<unknown, unknown>,
    partition: number,
    startOffset: number,
    limits: BatchLimits,
    unreadable: UnreadableHandler,
  ) {
    this.topic = topic;
    this.partition = partition;
    this.#limits = limits;
    this.#limit = limits.maxBatchRecords;
    this.#firstOffset = startOffset;
    this.#decoder = new RecordDecoder(topic, startOffset, (records, error) => {
      this.#passedOver = true;
      unreadable(records, error);
    });
  }

  /** Bytes that were fetched and are not decoded. */
  get bufferedBytes(): number {
    return this.#decoder.bufferedBytes;
  }

  /** Offset after everything that was written. */
  get writtenOffset(): number {
    return this.#firstOffset;
  }

  /** Whether everything that was fetched is written. */
  get isWritten(): boolean {
    return this.#pending.records.length === 0 && !this.#passedOver && this.#decoder.bufferedBytes === 0;
  }

  add(batch: FetchedBatch): void {
    this.#decoder.add(batch);
  }

  /**
   * What is to be written now: a full batch, or what has waited long enough.
   *
   * @param hurry Does not wait for more.
   */
  due(nowMs: number, hurry: boolean): SinkBatch | undefined {
    if (this.notBeforeMs > nowMs) return undefined;
    const { records } = this.#pending;
    const wasEmpty = records.length === 0 && !this.#passedOver;
    this.#decoder.decode(this.#pending, this.#limits.maxBatchRecords);
    if (records.length === 0 && !this.#passedOver) {
      // Only markers and records of aborted transactions: the next batch covers them.
      return undefined;
    }
    if (wasEmpty) this.#pendingSinceMs = nowMs;
    const isFull = records.length >= this.#limit;
    if (!isFull && !hurry && nowMs - this.#pendingSinceMs < this.#limits.lingerMs) return undefined;
    const isWhole = records.length <= this.#limit;
    const taken = isWhole ? records : records.slice(0, this.#limit);
    const lastOffset = taken.at(-1)?.offset ?? 0;
    return {
      topic: this.topic.name,
      partition: this.partition,
      firstOffset: this.#firstOffset,
      nextOffset: isWhole ? this.#decoder.nextOffset : lastOffset + 1,
      records: taken,
    };
  }

  /** The batch is written. @returns when its records were taken in by the first hop; -1 where they do not say. */
  written(batch: SinkBatch): readonly number[] {
    const { records, ingestedAtMs } = this.#pending;
    const count = batch.records.length;
    this.#pending = { records: records.slice(count), ingestedAtMs: ingestedAtMs.slice(count) };
    this.#firstOffset = batch.nextOffset;
    this.failures = 0;
    this.#limit = Math.min(this.#limits.maxBatchRecords, this.#limit * 2);
    if (this.#pending.records.length === 0) this.#passedOver = false;
    return ingestedAtMs.slice(0, count);
  }

  /**
   * The sink refuses a record of the batch: takes it out, or, when it is not known which it is, makes the next batch half
   * as large, so that the culprit is alone in the end.
   *
   * @returns the record that was taken out.
   */
  refuse(batch: SinkBatch, offset: number | undefined): SinkRecord | undefined {
    const culprit = batch.records.length === 1 ? 0 : batch.records.findIndex((record) => record.offset === offset);
    if (culprit < 0) {
      this.#limit = Math.ceil(batch.records.length / 2);
      return undefined;
    }
    const [refused] = this.#pending.records.splice(culprit, 1);
    this.#pending.ingestedAtMs.splice(culprit, 1);
    this.#passedOver = true;
    return refused;
  }
}
