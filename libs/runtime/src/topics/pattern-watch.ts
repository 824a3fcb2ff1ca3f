import { Admin, type Cluster } from '@millrace/client';
import { dispositionOf, sleep, type Clock, type Timer } from '@millrace/kernel';
import type { TopicPartition } from '../assignment/task-layout.js';
import type { MatchedTopics } from './matched-topics.js';

/** After what brokers do not answer now they are asked again, in milliseconds. */
const AGAIN_AFTER_MS = 1_000;

/** What {@link PatternWatch} needs. */
export interface PatternWatchParts {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly matched: MatchedTopics;
  /** How often it is looked whether more topics match, in milliseconds. */
  readonly intervalMs: number;
  /** Partitions of the topics that the application can work with; grows with {@link prepare}. */
  readonly partitionCounts: ReadonlyMap<string, number>;
  /** Checks all topics, those that are new included, and creates what they need. */
  readonly prepare: () => Promise<void>;
  /** More topics match and are prepared: the group is to assign anew. */
  readonly found: () => void;
  /** Told of what ends the application, such as a topic with partitions that do not fit. */
  readonly failed: (error: Error) => void;
}

/**
 * Keeps up with topics that come, and with partitions that topics get, while the application runs. Looks now and then for topics that match
 * its patterns, by one client of the process.
 *
 *   look ──▶ new ones ──prepare──▶ found: the members join again with them, and the leader gives them to tasks
 *   a member is assigned partitions that it does not know ──learn──▶ prepare
 *
 * Invariant: no task reads a partition before its topic is prepared: its dead-letter topic is there, and its partitions fit.
 */
export class PatternWatch {
  readonly #parts: PatternWatchParts;
  #timer: Timer | undefined;
  readonly #stopping = new AbortController();
  #preparing: Promise<void> = Promise.resolve();

  constructor(parts: PatternWatchParts) {
    this.#parts = parts;
  }

  /** Looks from now on. Does nothing for an application without patterns. */
  start(): void {
    if (this.#parts.matched.isAsked) this.#arm();
  }

  stop(): void {
    this.#stopping.abort();
    this.#timer?.cancel();
  }

  /**
   * Gets partitions ready that tasks of this process are to read; tries for as long as the brokers do not answer. Does nothing more once it is
   * stopped.
   *
   * @throws what ends the application, such as a topic with partitions that do not fit.
   */
  async learn(partitions: readonly TopicPartition[]): Promise<void> {
    this.#parts.matched.take(partitions.map(({ topic }) => topic));
    const hasNew = (): boolean => partitions.some((each) => !this.#isPrepared(each));
    while (!this.#isStopped && hasNew()) {
      try {
        await this.#prepare(hasNew);
        return;
      } catch (error) {
        if (this.#isStopped) return;
        if (dispositionOf(error, 'stop-app') !== 'retry') throw error;
        await sleep(this.#parts.clock, AGAIN_AFTER_MS, this.#stopping.signal).catch(() => undefined);
      }
    }
  }

  get #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  #arm(): void {
    if (this.#isStopped) return;
    this.#timer = this.#parts.clock.setTimer(this.#parts.intervalMs, () => void this.#look(), { unref: true });
  }

  async #look(): Promise<void> {
    const { cluster, matched, found, failed } = this.#parts;
    try {
      matched.take(await new Admin(cluster).listTopics());
      const hasNew = (): boolean => matched.all.some((topic) => !this.#isPrepared({ topic, partition: 0 }));
      if (hasNew()) {
        await this.#prepare(hasNew);
        found();
      }
    } catch (error) {
      // A broker that does not answer now is asked again the next time.
      if (!this.#isStopped && dispositionOf(error, 'stop-app') !== 'retry') failed(error as Error);
    }
    this.#arm();
  }

  #isPrepared({ topic, partition }: TopicPartition): boolean {
    return (this.#parts.partitionCounts.get(topic) ?? 0) > partition;
  }

  /** One after the other: threads may be assigned the same topic at one time. */
  #prepare(isNeeded: () => boolean): Promise<void> {
    const next = this.#preparing.then(async () => {
      if (isNeeded()) await this.#parts.prepare();
    });
    this.#preparing = next.catch(() => undefined);
    return next;
  }
}
