/** Bounds of an {@link IdleWatch}. */
export interface IdleWatchOptions {
  /** How long nothing may arrive before a task counts as idle, in milliseconds. */
  readonly afterMs: number;
  /** How many broker answers must have said so during that time, per partition. Default 3. */
  readonly minAnswers?: number;
  /** Longest silence between two answers, in milliseconds; after a longer one the evidence starts anew. Default 5 000. */
  readonly maxGapMs?: number;
}

interface Evidence {
  sinceMs: number;
  lastMs: number;
  answers: number;
}

/**
 * Decides whether a task is idle: nothing processed for `afterMs`, and every input partition confirmed to be caught up
 * by several broker answers spread over that time.
 *
 * Time alone proves nothing: a process that was stopped for a minute wakes up with a clock that moved and records that
 * wait unread in the broker. So an answer only counts together with others, and a gap between two answers (the process
 * or the network stood still) discards what was gathered before it.
 */
export class IdleWatch {
  readonly #afterMs: number;
  readonly #minAnswers: number;
  readonly #maxGapMs: number;
  readonly #evidence = new Map<string, Evidence>();
  readonly #partitions: readonly string[];

  constructor(partitions: readonly string[], options: IdleWatchOptions) {
    this.#partitions = partitions;
    this.#afterMs = options.afterMs;
    this.#minAnswers = options.minAnswers ?? 3;
    this.#maxGapMs = options.maxGapMs ?? 5_000;
  }

  /** Something was processed, or waits to be: all evidence is void. */
  reset(): void {
    this.#evidence.clear();
  }

  /**
   * Takes the newest answer for a partition.
   *
   * @param caughtUpAtMs Monotonic time of the last answer that showed nothing new; `undefined` when there is something.
   */
  observe(partition: string, caughtUpAtMs: number | undefined): void {
    const known = this.#evidence.get(partition);
    if (caughtUpAtMs === undefined) {
      this.#evidence.delete(partition);
    } else if (known === undefined || caughtUpAtMs - known.lastMs > this.#maxGapMs) {
      this.#evidence.set(partition, { sinceMs: caughtUpAtMs, lastMs: caughtUpAtMs, answers: 1 });
    } else if (caughtUpAtMs > known.lastMs) {
      known.lastMs = caughtUpAtMs;
      known.answers += 1;
    }
  }

  /** Since when the task has been idle (monotonic milliseconds), or `undefined` when it is not. */
  idleSinceMs(): number | undefined {
    let sinceMs = -Infinity;
    for (const partition of this.#partitions) {
      const evidence = this.#evidence.get(partition);
      if (evidence === undefined || evidence.answers < this.#minAnswers) return undefined;
      if (evidence.lastMs - evidence.sinceMs < this.#afterMs) return undefined;
      sinceMs = Math.max(sinceMs, evidence.sinceMs);
    }
    return sinceMs === -Infinity ? undefined : sinceMs;
  }
}
