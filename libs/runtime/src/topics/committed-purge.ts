import type { OffsetToCommit, RecordsToDelete, TopicPartition } from '@millrace/client';
import type { Clock } from '@millrace/kernel';
import { partitionKey } from '../assignment/task-layout.js';

/** What {@link CommittedPurge} needs. */
export interface CommittedPurgeParts {
  readonly clock: Clock;
  /** Time between two requests, in milliseconds. */
  readonly intervalMs: number;
  /** Whether nobody reads a topic but this application, which reads each record once. */
  readonly isOwn: (topic: string) => boolean;
  readonly deleteRecords: (places: readonly RecordsToDelete[]) => Promise<void>;
  /** Told why records stay for now; they are asked for again with the next request. */
  readonly failed: (error: unknown) => void;
}

/**
 * Lets brokers delete what a thread has read from repartition and retry topics, which nobody needs again: these topics keep their
 * records for ever otherwise (KIP-204).
 *
 * Invariant: only what lies before a committed offset is deleted, so that whoever goes on with the partition finds its records.
 */
export class CommittedPurge {
  readonly #parts: CommittedPurgeParts;
  #due = new Map<string, RecordsToDelete>();
  #lastMs: number;
  #isUnderWay = false;
  #isStopped = false;

  constructor(parts: CommittedPurgeParts) {
    this.#parts = parts;
    this.#lastMs = parts.clock.monotonicMs();
  }

  /** Offsets were committed: asks for what lies before them when that is due, without waiting for the answer. */
  committed(offsets: readonly OffsetToCommit[]): void {
    const { clock, intervalMs, isOwn } = this.#parts;
    for (const { topic, partition, offset } of offsets) {
      if (!isOwn(topic)) continue;
      this.#due.set(partitionKey(topic, partition), { topic, partition, beforeOffset: offset });
    }
    const nowMs = clock.monotonicMs();
    if (this.#due.size === 0 || this.#isUnderWay || this.#isStopped || nowMs - this.#lastMs < intervalMs) return;
    this.#lastMs = nowMs;
    void this.#purge();
  }

  /** Whether a topic is one whose records are deleted when they are committed. */
  concerns({ topic }: Pick<TopicPartition, 'topic'>): boolean {
    return this.#parts.isOwn(topic);
  }

  /** Asks for nothing more, and tells nothing. */
  stop(): void {
    this.#isStopped = true;
  }

  async #purge(): Promise<void> {
    const asked = this.#due;
    this.#due = new Map();
    this.#isUnderWay = true;
    try {
      await this.#parts.deleteRecords([...asked.values()]);
    } catch (error) {
      // What was committed since is further on.
      this.#due = new Map([...asked, ...this.#due]);
      if (!this.#isStopped) this.#parts.failed(error);
    } finally {
      this.#isUnderWay = false;
    }
  }
}
