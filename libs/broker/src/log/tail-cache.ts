import type { BatchTail } from './batch-tail.js';

/**
 * Bounds the memory of all {@link BatchTail}s of a broker together: the batches appended first are dropped first,
 * whichever log they belong to. Readers that keep up never touch the disk.
 */
export class TailCache {
  readonly #maxBytes: number;
  /** One entry for each held batch, in the order of appends. */
  #order: BatchTail[] = [];
  #head = 0;
  #heldBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Adds a batch to a tail and drops the oldest ones of any tail until all fit again. */
  add(tail: BatchTail, batch: Buffer): void {
    tail.push(batch);
    this.#order.push(tail);
    this.#heldBytes += batch.length;
    while (this.#heldBytes > this.#maxBytes) {
      this.#heldBytes -= (this.#order[this.#head] as BatchTail).dropOldest();
      this.#head++;
    }
    if (this.#head > 1024 && this.#head * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Forgets everything of a log that is closed or deleted. */
  release(tail: BatchTail): void {
    for (let bytes = tail.dropOldest(); bytes > 0; bytes = tail.dropOldest()) this.#heldBytes -= bytes;
    this.#order = this.#order.slice(this.#head).filter((each) => each !== tail);
    this.#head = 0;
  }
}
