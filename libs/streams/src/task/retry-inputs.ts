import type { PartitionQueue } from './partition-queue.js';
import { readRetryHeaders } from './retry-headers.js';
import type { RecordRun } from './record-run.js';

/** The retry topics of a task. A record that is not due holds back its own partition and nothing else. */
export class RetryInputs {
  readonly #queues: readonly PartitionQueue[];
  /** When the head of each queue is due, and which offset that was told for. */
  readonly #dues: { offset: number; dueMs: number }[];

  constructor(queues: readonly PartitionQueue[]) {
    this.#queues = queues;
    this.#dues = queues.map(() => ({ offset: -1, dueMs: Infinity }));
  }

  /** A queue whose head is due; the one that is due the longest, and of those the furthest on its way. */
  next(nowMs: number): PartitionQueue | undefined {
    let best: PartitionQueue | undefined;
    let bestMs = Infinity;
    for (let nth = 0; nth < this.#queues.length; nth++) {
      const queue = this.#queues[nth] as PartitionQueue;
      if (queue.head === undefined) continue;
      const dueMs = this.#dueMs(queue.head, nth);
      if (dueMs > nowMs || dueMs > bestMs) continue;
      best = queue;
      bestMs = dueMs;
    }
    return best;
  }

  /** When the next head is due; undefined when none waits. */
  nextDueMs(): number | undefined {
    let nextMs: number | undefined;
    this.#queues.forEach(({ head }, nth) => {
      if (head !== undefined) nextMs = Math.min(nextMs ?? Infinity, this.#dueMs(head, nth));
    });
    return nextMs;
  }

  #dueMs({ cursor }: RecordRun, nth: number): number {
    const due = this.#dues[nth] as { offset: number; dueMs: number };
    if (due.offset === cursor.offset) return due.dueMs;
    due.offset = cursor.offset;
    due.dueMs = readRetryHeaders(cursor.buffer, cursor.headersStart, cursor.headersEnd).state.notBeforeMs;
    return due.dueMs;
  }
}
