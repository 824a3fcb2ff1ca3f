/**
 * The loop of a sink.
 *
 *   CREATED ─► STARTING ─► RUNNING ─► PENDING_SHUTDOWN ─► DEAD
 *
 * Each turn: notices of the group → fetch → write what is due, all partitions side by side → commit durable offsets.
 *
 * Invariants:
 * - at most one write per partition is under way, and its batches tile the partition;
 * - the group gets durable offsets only, and none while it rebalances;
 * - a partition that is given up is closed before the member goes on with the rebalance; one that was fenced at once.
 */
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import type { Fetcher, GroupMember } from '@millrace/client';
import { describeError, dispositionOf, isMillraceError, type Clock } from '@millrace/kernel';
import { partitionKey, type TopicPartition } from '../assignment/task-layout.js';
import type { Backoff } from '../backoff/backoff.js';
import { runtimeChannels } from '../diagnostics/channels.js';
import { Drains } from '../thread/drains.js';
import type { AskEnds } from '../thread/end-confirmation.js';
import { failureAction } from '../thread/failure-action.js';
import type { RebalanceMailbox, RebalanceNotice } from '../thread/rebalance-mailbox.js';
import type { ThreadStateMachine } from '../thread/thread-state.js';
import type { WakeUp } from '../thread/wake-up.js';
import type { SinkPartitions, StartOffsets } from './sink-partitions.js';
import type { SinkPartition } from './sink-partition.js';
import { isFenced, type SinkWrites } from './sink-writes.js';

/** What the loop works with. */
export interface SinkLoopParts {
  readonly name: string;
  readonly clock: Clock;
  readonly commitIntervalMs: number;
  readonly maxBufferedBytes: number;
  readonly states: ThreadStateMachine;
  readonly partitions: SinkPartitions;
  readonly writes: SinkWrites;
  readonly fetcher: Fetcher;
  readonly member: GroupMember;
  readonly mailbox: RebalanceMailbox;
  readonly startOffsets: StartOffsets;
  readonly backoff: Backoff;
  readonly wakeUp: WakeUp;
  /** Looks up the ends of the topics, open transactions included. */
  readonly askEnds: AskEnds;
  /** Makes everything written so far durable. */
  readonly flush: () => Promise<void>;
}

/** How long a turn waits for records: bounds how long a notice of the group waits for the loop. */
const POLL_MS = 25;

/** See the head of this file. */
export class SinkLoop {
  readonly #parts: SinkLoopParts;
  readonly #drains: Drains;
  #owned: readonly TopicPartition[] = [];
  #missing: TopicPartition[] = [];
  #hasAssignment = false;
  #isRebalancing = true;
  #stopping = false;
  #lastCommitMs = 0;
  #lastFailure: string | undefined;

  constructor(parts: SinkLoopParts) {
    this.#parts = parts;
    this.#drains = new Drains(parts.askEnds);
  }

  /** What went wrong last, unless something succeeded since. */
  get lastFailure(): string | undefined {
    return this.#lastFailure;
  }

  /** Runs until {@link stop}. @throws what can only end the sink. */
  async run(): Promise<void> {
    const { states, mailbox, partitions } = this.#parts;
    states.moveTo('STARTING');
    try {
      while (!this.#stopping) await this.#guardedTurn();
      states.moveTo('PENDING_SHUTDOWN');
      await this.#commit();
    } finally {
      mailbox.close();
      const closing = partitions.close(partitions.all.map(placeOf));
      await closing.finally(() => states.moveTo('DEAD'));
    }
  }

  stop(): void {
    this.#stopping = true;
    this.#parts.wakeUp.wake();
  }

  /** Resolves when everything up to the ends that the logs have now is written and durable. */
  drained(): Promise<void> {
    return this.#drains.wait();
  }

  async #guardedTurn(): Promise<void> {
    try {
      await this.#turn();
    } catch (error) {
      if (failureAction(error) === 'stop') throw error;
      const delayMs = this.#parts.backoff.nextMs();
      this.#tell(error, delayMs);
      await this.#parts.wakeUp.sleep(delayMs);
    }
  }

  async #turn(): Promise<void> {
    const { mailbox, fetcher, partitions, writes, clock, states } = this.#parts;
    await mailbox.drain((notice) => this.#rebalance(notice));
    await this.#openMissing();
    if (this.#hasAssignment) states.moveTo('RUNNING');
    for (const batch of await fetcher.poll(this.#waitMs())) partitions.add(batch);
    this.#holdBack();
    const hurry = !this.#drains.isEmpty;
    const fenced: SinkPartition[] = [];
    await Promise.all(
      partitions.all.map(async (partition) => {
        const batch = partition.due(clock.monotonicMs(), hurry);
        if (batch === undefined) return;
        try {
          await writes.write(partition, batch);
        } catch (error) {
          if (!isFenced(error)) throw error;
          this.#tell(error, 0);
          fenced.push(partition);
        }
      }),
    );
    if (fenced.length > 0) await this.#giveUp(fenced);
    if (clock.monotonicMs() - this.#lastCommitMs >= this.#parts.commitIntervalMs) await this.#commit();
    await this.#endDrains();
    await yieldToEventLoop();
  }

  #waitMs(): number {
    return this.#parts.partitions.all.some((partition) => !partition.isWritten) ? 1 : POLL_MS;
  }

  async #rebalance({ kind, partitions }: RebalanceNotice): Promise<void> {
    switch (kind) {
      case 'rejoining':
        await this.#commit();
        this.#isRebalancing = true;
        return;
      case 'assigned':
        this.#isRebalancing = false;
        this.#hasAssignment = true;
        this.#owned = this.#parts.member.assignment;
        this.#missing = this.#owned.filter((each) => !this.#parts.partitions.has(each));
        break;
      case 'revoked':
        this.#isRebalancing = false;
        await this.#commit();
        await this.#close(partitions);
        break;
      case 'lost':
        await this.#close(partitions);
        break;
    }
    const { generationId } = this.#parts.member.groupMetadata;
    const place = { applicationId: this.#parts.name, thread: this.#parts.name };
    runtimeChannels.rebalanced.publish({ ...place, kind, generationId, partitions });
  }

  async #openMissing(): Promise<void> {
    if (this.#missing.length === 0) return;
    const { partitions, member, startOffsets } = this.#parts;
    await partitions.open(this.#missing, member.groupMetadata, startOffsets);
    this.#missing = [];
    this.#assign();
  }

  async #close(closing: readonly TopicPartition[]): Promise<void> {
    const keys = new Set(closing.map(({ topic, partition }) => partitionKey(topic, partition)));
    const remains = ({ topic, partition }: TopicPartition): boolean => !keys.has(partitionKey(topic, partition));
    this.#owned = this.#owned.filter(remains);
    this.#missing = this.#missing.filter(remains);
    await this.#parts.partitions.close(closing);
    this.#assign();
  }

  /** Another owner has these by now, or will have: the group must tell whose they are. */
  async #giveUp(fenced: readonly SinkPartition[]): Promise<void> {
    await this.#parts.partitions.close(fenced.map(placeOf));
    this.#assign();
    this.#parts.member.rejoin('a partition of the sink was fenced');
  }

  #assign(): void {
    const { fetcher, partitions } = this.#parts;
    fetcher.assign(partitions.toFetch((place) => fetcher.position(place)));
  }

  /** Lets the fetcher go on only for partitions whose records are being written. */
  #holdBack(): void {
    const { fetcher, partitions, maxBufferedBytes } = this.#parts;
    for (const partition of partitions.all) {
      if (partition.bufferedBytes > maxBufferedBytes) fetcher.pause([placeOf(partition)]);
      else fetcher.resume([placeOf(partition)]);
    }
  }

  async #commit(): Promise<void> {
    const { member, partitions, clock } = this.#parts;
    this.#lastCommitMs = clock.monotonicMs();
    if (this.#isRebalancing) return;
    const offsets = partitions.offsetsToCommit();
    if (offsets.length === 0) return;
    try {
      await member.commitOffsets(offsets);
      partitions.committed(offsets);
      this.#lastFailure = undefined;
    } catch (error) {
      if (dispositionOf(error, 'stop-app') === 'stop-app') throw error;
      // The sink itself knows better; the group hears of it with the next commit, from whoever owns the partition then.
      this.#tell(error, this.#parts.commitIntervalMs);
    }
  }

  async #endDrains(): Promise<void> {
    const { partitions, fetcher, flush, writes } = this.#parts;
    if (this.#drains.isEmpty || !this.#hasAssignment || this.#missing.length > 0) return;
    if (!partitions.all.every((partition) => partition.isWritten)) return;
    const positions = partitions.all.map((each) => {
      const place = placeOf(each);
      return { ...place, position: fetcher.position(place) ?? -1 };
    });
    const drained = this.#drains.look(writes.records, positions);
    if (drained.length === 0) return;
    await flush();
    await this.#commit();
    for (const done of drained) done();
  }

  #tell(error: unknown, delayMs: number): void {
    this.#lastFailure = describeError(error);
    runtimeChannels.failed.publish({
      applicationId: this.#parts.name,
      thread: this.#parts.name,
      code: isMillraceError(error) ? error.code : 'unknown',
      message: error instanceof Error ? error.message : String(error),
      action: 'retry',
      delayMs,
      cause: error,
    });
  }
}

function placeOf({ topic, partition }: SinkPartition): TopicPartition {
  return { topic: topic.name, partition };
}
