/**
 * Which records of one partition are under way, and so how far its offset may be committed: everything below
 * {@link committable} is settled, in whatever order that happened.
 */
export class OffsetLedger {
  /** In the order of offsets, since they begin in it. */
  readonly #open = new Set<number>();
  #end: number;

  /** @param startOffset offset of the first record that will begin. */
  constructor(startOffset: number) {
    this.#end = startOffset;
  }

  /** How many records have begun and are not settled. */
  get open(): number {
    return this.#open.size;
  }

  /** Offset of the first record that a restart must see again. */
  get committable(): number {
    for (const lowest of this.#open) return lowest;
    return this.#end;
  }

  /** A record is handed over; offsets rise from call to call. */
  begin(offset: number): void {
    this.#open.add(offset);
    this.#end = offset + 1;
  }

  /** Nothing below `nextOffset` is left to come, also where the log has gaps. */
  passed(nextOffset: number): void {
    this.#end = Math.max(this.#end, nextOffset);
  }

  /** @returns false when the record was settled before. */
  settle(offset: number): boolean {
    return this.#open.delete(offset);
  }

  isOpen(offset: number): boolean {
    return this.#open.has(offset);
  }
}
