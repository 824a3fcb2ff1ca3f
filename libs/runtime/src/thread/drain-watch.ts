import { IdleWatch } from './idle-watch.js';

/** What a thread looks like at one moment, for {@link DrainWatch}. */
export interface DrainView {
  /** Changes whenever anything was processed or produced. */
  readonly activity: number;
  /** All input partitions of all tasks. */
  readonly partitions: readonly string[];
  /** Monotonic time of the last broker answer that showed nothing new for a partition whose records are all processed. */
  readonly caughtUpAtMs: (partition: string) => number | undefined;
}

/**
 * Finds the moment at which a thread has nothing left to do: no activity while at least two broker answers per partition
 * showed nothing new.
 *
 * One answer would not do: it may have left the broker before the record that the caller knows of was appended. The
 * request that led to the second was sent after the first had come.
 */
export class DrainWatch {
  readonly done: () => void;
  #activity = -1;
  #names = '';
  #watch = new IdleWatch([], { afterMs: 0 });

  /** @param done Called by whoever sees that it is drained. */
  constructor(done: () => void) {
    this.done = done;
  }

  /** Takes a look; true once nothing is left to do. */
  isDrained({ activity, partitions, caughtUpAtMs }: DrainView): boolean {
    const names = partitions.join('\n');
    if (activity !== this.#activity || names !== this.#names) {
      this.#activity = activity;
      this.#names = names;
      this.#watch = new IdleWatch(partitions, { afterMs: 0, minAnswers: 2 });
    }
    for (const partition of partitions) this.#watch.observe(partition, caughtUpAtMs(partition));
    return partitions.length === 0 || this.#watch.idleSinceMs() !== undefined;
  }
}
