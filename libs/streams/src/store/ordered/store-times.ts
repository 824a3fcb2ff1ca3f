import { readInt64, writeInt64 } from '../int64-bytes.js';
import type { PendingRows } from '../engine/pending-rows.js';
import { RowKind, startOf } from './row-keys.js';

const META_KEY = startOf(RowKind.meta);

/** Before any time. */
const NEVER = Number.MIN_SAFE_INTEGER;

/**
 * The latest time that a store was given, and how many rows it has numbered: kept beside the rows, because a store that is
 * restored from the middle of its changelog sees neither the oldest nor the deleted ones.
 */
export class StoreTimes {
  readonly #rows: PendingRows;
  /** {@link NEVER} before the first. */
  latestMs = NEVER;
  sequence = 0;
  #committedLatestMs = NEVER;
  #committedSequence = 0;
  #before: [latestMs: number, sequence: number] = [NEVER, 0];

  constructor(rows: PendingRows) {
    this.#rows = rows;
    this.rollback();
  }

  /** The latest time as of the last commit. */
  get committedLatestMs(): number {
    return this.#committedLatestMs;
  }

  observe(ms: number): void {
    if (ms > this.latestMs) this.latestMs = ms;
  }

  /** Puts them among the rows that are about to be committed. */
  commit(): void {
    if (this.latestMs === this.#committedLatestMs && this.sequence === this.#committedSequence) return;
    this.#committedLatestMs = this.latestMs;
    this.#committedSequence = this.sequence;
    const kept = Buffer.allocUnsafe(16);
    writeInt64(kept, 0, this.latestMs);
    writeInt64(kept, 8, this.sequence);
    this.#rows.put(META_KEY, kept);
  }

  /** A record begins that {@link undoRecord} may take back. */
  beginRecord(): void {
    this.#before = [this.latestMs, this.sequence];
  }

  undoRecord(): void {
    [this.latestMs, this.sequence] = this.#before;
  }

  /** Begins anew: the rows were wiped. */
  reset(): void {
    this.latestMs = this.#committedLatestMs = NEVER;
    this.sequence = this.#committedSequence = 0;
  }

  /** Goes back to what is kept: the rows were cleared before. */
  rollback(): void {
    const kept = this.#rows.get(META_KEY);
    this.latestMs = this.#committedLatestMs = kept === undefined ? NEVER : readInt64(kept, 0);
    this.sequence = this.#committedSequence = kept === undefined ? 0 : readInt64(kept, 8);
  }
}
