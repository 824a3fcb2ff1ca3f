/** A set of times in ascending order; cheap where new times are late ones and old ones leave first. */
export class SortedTimes {
  #times: number[] = [];
  /** Times before this index have left. */
  #head = 0;

  get size(): number {
    return this.#times.length - this.#head;
  }

  get latestMs(): number | undefined {
    return this.size === 0 ? undefined : this.#times.at(-1);
  }

  get earliestMs(): number | undefined {
    return this.#times[this.#head];
  }

  /** The earliest time that is not before `ms`; undefined when there is none. */
  firstFrom(ms: number): number | undefined {
    return this.#times[this.#indexFrom(ms)];
  }

  add(ms: number): void {
    const { latestMs } = this;
    if (latestMs === undefined || ms > latestMs) {
      this.#times.push(ms);
      return;
    }
    const at = this.#indexFrom(ms);
    if (this.#times[at] === ms) return;
    if (at === this.#head && at > 0) this.#times[--this.#head] = ms;
    else this.#times.splice(at, 0, ms);
  }

  delete(ms: number): void {
    const at = this.#indexFrom(ms);
    if (this.#times[at] !== ms) return;
    if (at === this.#head) this.#leave(1);
    else this.#times.splice(at, 1);
  }

  /** The times in [fromMs, toMs], ascending; a copy, so that times may leave meanwhile. */
  range(fromMs: number, toMs: number): readonly number[] {
    return this.#times.slice(this.#indexFrom(fromMs), this.#indexFrom(toMs + 1));
  }

  /** Takes out and returns the times below `beforeMs`, ascending. */
  takeBefore(beforeMs: number): readonly number[] {
    const { earliestMs } = this;
    if (earliestMs === undefined || earliestMs >= beforeMs) return [];
    const taken = this.#times.slice(this.#head, this.#indexFrom(beforeMs));
    this.#leave(taken.length);
    return taken;
  }

  #leave(count: number): void {
    this.#head += count;
    if (this.#head * 2 < this.#times.length) return;
    this.#times = this.#times.slice(this.#head);
    this.#head = 0;
  }

  /** Index of the first time of at least `ms`. */
  #indexFrom(ms: number): number {
    const times = this.#times;
    let low = this.#head;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((times[middle] as number) < ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
