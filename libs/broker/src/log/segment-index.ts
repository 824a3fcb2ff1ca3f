/** At most one entry is kept for this many bytes of log (Kafka: `index.interval.bytes`). */
export const INDEX_INTERVAL_BYTES = 4096;

/** Where in a segment which offset and which time is, one entry every few kilobytes. Rebuilt when the segment is opened. */
export class SegmentIndex {
  readonly #offsets: number[] = [];
  readonly #positions: number[] = [];
  /** The greatest timestamp from the entry's batch up to the next entry. */
  readonly #maxTimestampsMs: number[] = [];

  add(baseOffset: number, position: number, maxTimestampMs: number): void {
    const last = this.#positions.length - 1;
    if (last >= 0 && position - (this.#positions[last] as number) < INDEX_INTERVAL_BYTES) {
      this.#maxTimestampsMs[last] = Math.max(this.#maxTimestampsMs[last] as number, maxTimestampMs);
      return;
    }
    this.#offsets.push(baseOffset);
    this.#positions.push(position);
    this.#maxTimestampsMs.push(maxTimestampMs);
  }

  /** The position of a batch that begins at or before `offset`, at most {@link INDEX_INTERVAL_BYTES} or one batch too early. */
  positionBefore(offset: number): number {
    let low = 0;
    let high = this.#offsets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#offsets[middle] as number) <= offset) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : (this.#positions[low - 1] as number);
  }

  /**
   * The first stretch of the segment with a record at or after a time, as positions; `end` is absent for the last one.
   *
   * @param fromPosition Stretches that end at it or before do not count.
   */
  stretchReaching(timestampMs: number, fromPosition: number): { start: number; end: number | undefined } | undefined {
    const entry = this.#maxTimestampsMs.findIndex(
      (each, nth) => each >= timestampMs && (this.#positions[nth + 1] ?? Infinity) > fromPosition,
    );
    return entry === -1 ? undefined : { start: this.#positions[entry] as number, end: this.#positions[entry + 1] };
  }
}
