import { CommittedRecords, type FetchedBatch } from '@millrace/client';
import type { RecordRun } from '@millrace/streams';

/** A fetched batch as the engine takes it; tells when its last record was left behind. */
export class FetchedRun implements RecordRun {
  readonly nextOffset: number;
  readonly #records = new CommittedRecords();
  readonly #finished: () => void;
  readonly #endOffset: number;
  #isFinished = false;

  /**
   * @param finished Called once, when there is no further record.
   * @param endOffset Records from this offset on are left out. Default: none are.
   */
  constructor(batch: FetchedBatch, finished: () => void = () => undefined, endOffset = Infinity) {
    this.nextOffset = Math.min(batch.nextOffset, endOffset);
    this.#endOffset = endOffset;
    this.#records.reset(batch);
    this.#finished = finished;
  }

  get cursor(): CommittedRecords['cursor'] {
    return this.#records.cursor;
  }

  nextRecord(): boolean {
    if (!this.#isFinished && this.#records.nextRecord() && this.cursor.offset < this.#endOffset) return true;
    if (!this.#isFinished) this.#finished();
    this.#isFinished = true;
    return false;
  }
}
