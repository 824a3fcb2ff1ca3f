import { RecordBatchCursor, parseControlRecord } from '@millrace/protocol';
import type { AbortedTransaction, FetchedBatch } from './fetched-batch.js';

const NOTHING: FetchedBatch = {
  topic: '',
  partition: 0,
  records: Buffer.alloc(0),
  startOffset: 0,
  nextOffset: 0,
  abortedTransactions: [],
  highWatermark: 0,
  lastStableOffset: 0,
};

/**
 * Walks the records of a {@link FetchedBatch} that a reader may see, one after the other, without an object for each.
 *
 * Leaves out records below the position asked for, control records, and records of aborted transactions. The rule for the
 * last is that of Kafka's Java client (`CompletedFetch`): a producer is among the aborted from the first offset of its
 * aborted transaction to the marker that ends it, and a whole batch is skipped while its producer is. The marker may lie
 * beyond these records; one producer may have several aborted transactions within them.
 */
export class CommittedRecords {
  /** Stands on the current record; holds its offset, timestamp, and where key, value and headers lie. */
  readonly cursor: RecordBatchCursor;
  #startOffset = 0;
  #inBatch = false;
  #aborted: readonly AbortedTransaction[] = [];
  #nextAborted = 0;
  readonly #abortedProducers = new Set<number>();

  constructor(cursor: RecordBatchCursor = new RecordBatchCursor()) {
    this.cursor = cursor;
    this.reset(NOTHING);
  }

  /** Begins before the first record of `batch`. */
  reset(batch: Pick<FetchedBatch, 'records' | 'startOffset' | 'abortedTransactions'>): void {
    this.cursor.reset(batch.records);
    this.#startOffset = batch.startOffset;
    this.#inBatch = false;
    this.#aborted = batch.abortedTransactions.toSorted((left, right) => left.firstOffset - right.firstOffset);
    this.#nextAborted = 0;
    this.#abortedProducers.clear();
  }

  /**
   * Goes to the next record that may be seen; false when there is none.
   *
   * @throws {RecordError} (dead-letter) `MR_PROTOCOL_CORRUPT` when a batch is damaged.
   */
  nextRecord(): boolean {
    const { cursor } = this;
    for (;;) {
      while (this.#inBatch) {
        if (!cursor.nextRecord()) this.#inBatch = false;
        else if (cursor.offset >= this.#startOffset) return true;
      }
      if (!cursor.nextBatch()) return false;
      this.#inBatch = this.#isVisible();
    }
  }

  #isVisible(): boolean {
    const { cursor } = this;
    if (cursor.producerId >= 0 && this.#aborted.length > 0) this.#noteAborted();
    if (cursor.isControl) return false;
    return !(cursor.isTransactional && this.#abortedProducers.has(cursor.producerId));
  }

  #noteAborted(): void {
    const { cursor } = this;
    for (let next = this.#aborted[this.#nextAborted]; next !== undefined && next.firstOffset <= cursor.lastOffset;) {
      this.#abortedProducers.add(next.producerId);
      next = this.#aborted[++this.#nextAborted];
    }
    if (cursor.isControl && cursor.nextRecord() && parseControlRecord(cursor.key()) === 'abort') {
      this.#abortedProducers.delete(cursor.producerId);
    }
  }
}
