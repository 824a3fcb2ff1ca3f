import { baseOffsetOf, lastOffsetOf, maxTimestampOf } from './batch-fields.js';
import { EMPTY_SLICE, type LogSlice, type ReadRange } from './log-slice.js';

/**
 * The last batches of a log, held in memory without gaps up to its end.
 *
 * A log on disk drops the oldest ones when its broker's cache is full; a log without a disk keeps all of them here.
 */
export class BatchTail {
  #batches: Buffer[] = [];
  #baseOffsets: number[] = [];
  /** Index of the oldest batch that is still held. */
  #head = 0;

  /** The base offset of the oldest batch, or `Infinity` when none is held. */
  get firstOffset(): number {
    return this.#baseOffsets[this.#head] ?? Infinity;
  }

  push(batch: Buffer): void {
    this.#batches.push(ownMemory(batch));
    this.#baseOffsets.push(baseOffsetOf(batch, 0));
  }

  /** Forgets the oldest batch and returns its size, or 0 when there is none. */
  dropOldest(): number {
    const batch = this.#batches[this.#head];
    if (batch === undefined) return 0;
    this.#batches[this.#head] = NOTHING;
    this.#head++;
    if (this.#head > 64 && this.#head * 2 > this.#batches.length) {
      this.#batches = this.#batches.slice(this.#head);
      this.#baseOffsets = this.#baseOffsets.slice(this.#head);
      this.#head = 0;
    }
    return batch.length;
  }

  /** Forgets the batches that end before an offset. */
  dropBefore(offset: number): void {
    for (;;) {
      const batch = this.#batches[this.#head];
      if (batch === undefined || lastOffsetOf(batch, 0) >= offset) return;
      this.dropOldest();
    }
  }

  clear(): void {
    this.#batches = [];
    this.#baseOffsets = [];
    this.#head = 0;
  }

  /** Reads whole batches; `range.fromOffset` must not be below {@link firstOffset}. */
  read(range: ReadRange): LogSlice {
    const chunks: Buffer[] = [];
    let sizeInBytes = 0;
    for (let index = this.#indexOf(range.fromOffset); index < this.#batches.length; index++) {
      if ((this.#baseOffsets[index] as number) >= range.untilOffset) break;
      const batch = this.#batches[index] as Buffer;
      const mustTake = range.atLeastOne && chunks.length === 0;
      if (sizeInBytes + batch.length > range.maxBytes && !mustTake) break;
      chunks.push(batch);
      sizeInBytes += batch.length;
    }
    const last = chunks.at(-1);
    return last === undefined ? EMPTY_SLICE : { chunks, sizeInBytes, nextOffset: lastOffsetOf(last, 0) + 1 };
  }

  /** The first batch with a record at or after a time, among those that end at an offset or later. */
  firstReaching(timestampMs: number, fromOffset: number): Buffer | undefined {
    for (let index = this.#head; index < this.#batches.length; index++) {
      const batch = this.#batches[index] as Buffer;
      if (maxTimestampOf(batch, 0) >= timestampMs && lastOffsetOf(batch, 0) >= fromOffset) return batch;
    }
    return undefined;
  }

  /** The index of the last batch that begins at or before `offset`. */
  #indexOf(offset: number): number {
    let low = this.#head;
    let high = this.#baseOffsets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#baseOffsets[middle] as number) <= offset) low = middle + 1;
      else high = middle;
    }
    return Math.max(low - 1, this.#head);
  }
}

const NOTHING = Buffer.alloc(0);

/**
 * The batch itself when it makes up a good part of the memory that it is a view on, else a copy: otherwise a small batch
 * would keep the whole request, or the socket's whole read buffer, from being freed.
 */
function ownMemory(batch: Buffer): Buffer {
  if (batch.length * 4 >= batch.buffer.byteLength) return batch;
  const copy = Buffer.allocUnsafeSlow(batch.length);
  batch.copy(copy);
  return copy;
}
