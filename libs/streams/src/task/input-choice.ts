import type { PartitionQueue } from './partition-queue.js';

/**
 * Chooses the input that a task takes its next record from: the one with the earliest head (KIP-353).
 *
 * An empty input that may have more on the broker holds the task back (KIP-695). One that is caught up does so for
 * `maxIdleMs`, counted from when it was first seen empty while another had a record.
 */
export class InputChoice {
  readonly #queues: readonly PartitionQueue[];
  readonly #maxIdleMs: number;
  #waitingSinceMs: number | undefined;

  constructor(queues: readonly PartitionQueue[], maxIdleMs: number) {
    this.#queues = queues;
    this.#maxIdleMs = maxIdleMs;
  }

  /** The input with the earliest head, or undefined when none has one or an empty input holds the task back. */
  next(nowMs: number): PartitionQueue | undefined {
    let best: PartitionQueue | undefined;
    let bestMs = Infinity;
    let isWaiting = false;
    for (const queue of this.#queues) {
      if (queue.head === undefined) {
        if (!queue.isCaughtUp) return undefined;
        isWaiting = true;
      } else if (queue.head.cursor.timestampMs < bestMs) {
        best = queue;
        bestMs = queue.head.cursor.timestampMs;
      }
    }
    if (!isWaiting || this.#maxIdleMs === 0 || best === undefined) {
      this.#waitingSinceMs = undefined;
      return best;
    }
    this.#waitingSinceMs ??= nowMs;
    return nowMs - this.#waitingSinceMs >= this.#maxIdleMs ? best : undefined;
  }
}
