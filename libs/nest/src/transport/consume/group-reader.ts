/**
 * Reads topics as a member of a group, at least once, and hands their records to {@link PartitionWorker}s.
 *
 *   CREATED ──start()──▶ STARTING ──▶ RUNNING ◀──▶ REBALANCING
 *      any ──stop()──▶ STOPPED          any ──an error that repeating does not mend──▶ FAILED
 *
 * Invariants:
 * - an offset is committed when its record and all before it are settled, never earlier;
 * - a partition is given up when its handlers have ended and what they did is committed, or `drainTimeoutMs` are over;
 * - heartbeats go on whatever handlers do; a partition whose handlers are busy is not fetched;
 * - the order of stopping is: drain, commit, leave the group, flush what was produced, disconnect.
 */
import {
  Admin,
  Cluster,
  Fetcher,
  GroupMember,
  RecordProducer,
  cooperativeStickyAssignor,
  type AssignedPartition,
  type FetchedBatch,
  type TopicPartition,
} from '@millrace/client';
import {
  FatalError,
  TaskError,
  describeError,
  dispositionOf,
  isMillraceError,
  sleep,
  type Lifecycle,
  type Timer,
} from '@millrace/kernel';
import { runtimeChannels } from '@millrace/runtime';
import { deadLetterTopic } from '@millrace/streams';
import type { Delivery } from '../delivery-options.js';
import { retryTopic } from '../handle/retry-topics.js';
import type { MillraceServerSettings } from '../millrace-server-options.js';
import { CommitSchedule } from './commit-schedule.js';
import { PartitionWorker, type HandleRecords } from './partition-worker.js';
import { startOffsets } from './start-offsets.js';
import type { TopicSelection } from './topic-selection.js';

/** Where a reader stands. */
export type ReaderState = 'CREATED' | 'STARTING' | 'RUNNING' | 'REBALANCING' | 'STOPPED' | 'FAILED';

/** Whom a reader tells, and who handles its records. */
export interface ReaderHost {
  /** How the records of a topic are delivered. */
  readonly deliveryOf: (topic: string) => Delivery;
  readonly handle: HandleRecords;
  readonly stateChanged: (state: ReaderState) => void;
  /** Something has gone wrong, and the reader goes on. */
  readonly troubled: (what: string, error: Error) => void;
  readonly rebalanced: (kind: 'assigned' | 'revoked' | 'lost', partitions: readonly TopicPartition[]) => void;
  /** The reader has come to its end by an error. */
  readonly failed: (error: Error) => void;
}

/** How far a partition is. */
export interface PartitionProgress extends TopicPartition {
  readonly committedOffset: number;
  /** Records whose handler has not ended, or that are not acknowledged. */
  readonly unsettled: number;
  /** Records behind the end of the log; `undefined` before the first answer of a broker. */
  readonly lagRecords: number | undefined;
}

/** `thread` of a transport's events on the channels of the runtime. */
export const TRANSPORT_THREAD = 'transport';
const POLL_MS = 500;
const AGAIN_AFTER_MS = 500;
/** What the end may take beyond `drainTimeoutMs`: the last commit, leaving, and what is still to be sent. */
const CLOSING_MS = 10_000;

/** See the head of this file. */
export class GroupReader implements Lifecycle {
  readonly cluster: Cluster;
  readonly producer: RecordProducer;
  readonly #settings: MillraceServerSettings;
  readonly #selection: TopicSelection;
  readonly #host: ReaderHost;
  readonly #fetcher: Fetcher;
  readonly #commits: CommitSchedule;
  readonly #workers = new Map<string, PartitionWorker>();
  readonly #stopping = new AbortController();
  #member: GroupMember | undefined;
  /** What was selected. */
  #sources: readonly string[] = [];
  /** What is read: {@link #sources} and their retry topics. */
  #topics: readonly string[] = [];
  #state: ReaderState = 'CREATED';
  #polling: Promise<void> = Promise.resolve();
  #ending: Promise<void> | undefined;
  #commitTimer: Timer | undefined;
  #refreshTimer: Timer | undefined;
  #generationId = -1;
  #isCommitting = false;

  constructor(settings: MillraceServerSettings, selection: TopicSelection, host: ReaderHost) {
    this.#settings = settings;
    this.#selection = selection;
    this.#host = host;
    this.cluster = new Cluster(settings.cluster);
    this.producer = new RecordProducer(this.cluster, { lingerMs: 1, compression: settings.compression });
    this.#fetcher = new Fetcher(this.cluster, settings.fetch);
    this.#commits = new CommitSchedule({
      commit: (offsets) => (this.#member as GroupMember).commitOffsets(offsets),
      delayed: (error) => this.#trouble('a commit was not accepted', error, 'retry'),
    });
  }

  get state(): ReaderState {
    return this.#state;
  }

  /** How far each partition is that this process reads. */
  progress(): PartitionProgress[] {
    return [...this.#workers.values()].map((worker) => {
      const endOffset = this.#fetcher.endOffset(worker.place);
      return {
        ...worker.place,
        committedOffset: worker.committed,
        unsettled: worker.unsettled,
        lagRecords: endOffset === undefined ? undefined : Math.max(0, endOffset - worker.committable),
      };
    });
  }

  /**
   * Connects, sees to the topics, and joins the group; does not wait for partitions.
   *
   * @throws {ConfigurationError} (stop-app) naming all topics that are missing.
   * @throws {TransientError} (retry) when no broker answers.
   */
  async start(): Promise<void> {
    if (this.#state !== 'CREATED')
      throw new FatalError('MR_LIFECYCLE_ORDER', 'a server listens once: make another one to listen again');
    this.#enter('STARTING');
    try {
      await this.cluster.start();
      await this.producer.start();
      await this.#fetcher.start();
      await this.#readTopics(await this.#findTopics());
    } catch (error) {
      await this.stop();
      throw error;
    }
    if (this.#stopping.signal.aborted) return;
    this.#polling = this.#poll();
    this.#commitLater();
    if (this.#selection.mayGrow(this.#settings.missingTopics)) this.#refreshLater();
    if (this.#member === undefined) this.#enter('RUNNING');
  }

  /** In the order that the head of this file tells. Never throws: what went wrong is told. */
  stop(): Promise<void> {
    return this.#end('STOPPED');
  }

  async #findTopics(): Promise<string[]> {
    const admin = new Admin(this.cluster);
    const existing = await admin.listTopics();
    await this.#selection.ensureNamed(this.cluster, existing, this.#settings.missingTopics);
    return this.#selection.select(await admin.listTopics());
  }

  /** Makes the topics those that are read. */
  async #readTopics(sources: readonly string[]): Promise<void> {
    if (sources.length === this.#sources.length && sources.every((topic, nth) => topic === this.#sources[nth])) return;
    const { groupId, policy } = this.#settings;
    const described = await this.cluster.knownTopics(sources);
    const retried = (topic: string): string[] =>
      policy.retryDelaysMs.map((_, nth) => retryTopic(groupId, topic, nth + 1));
    const internal = described.flatMap(({ name, partitions }) => {
      const names = policy.onExhausted === 'dead-letter' ? [deadLetterTopic(name), ...retried(name)] : retried(name);
      return names.map((each) => ({ name: each, partitions: partitions.length }));
    });
    const { replicationFactor } = policy;
    const admin = new Admin(this.cluster);
    // Those that exist are not asked for: making topics takes rights that are often not given.
    const existing = new Set(await admin.listTopics());
    const missing = internal.filter(({ name }) => !existing.has(name));
    // Records keep their time, by which Kafka deletes.
    const configs = { 'cleanup.policy': 'delete', 'retention.ms': '-1' };
    await admin.createTopics(missing.map((topic) => ({ ...topic, replicationFactor, configs })));
    this.#sources = sources;
    this.#topics = [...sources, ...sources.flatMap(retried)];
    if (this.#member !== undefined) this.#member.rejoin('other topics are there');
    else if (sources.length > 0) await this.#join();
  }

  async #join(): Promise<void> {
    const { groupId, sessionTimeoutMs, heartbeatIntervalMs, instanceId } = this.#settings;
    this.#member = new GroupMember(this.cluster, {
      groupId,
      topics: () => this.#topics,
      assignors: [cooperativeStickyAssignor],
      sessionTimeoutMs,
      heartbeatIntervalMs,
      ...(instanceId !== undefined && { instanceId }),
      onRejoining: async () => {
        if (!this.#stopping.signal.aborted) this.#enter('REBALANCING');
        await this.#commits.hold();
      },
      onAssigned: (added, { owned, generationId }) => this.#assigned(added, owned, generationId),
      onRevoked: (partitions) => this.#revoked(partitions),
      onLost: async (partitions) => this.#lost(partitions),
      onFailed: (error) => this.#fail(error),
    });
    await this.#member.start();
  }

  async #assigned(
    added: readonly TopicPartition[],
    owned: readonly TopicPartition[],
    generationId: number,
  ): Promise<void> {
    const member = this.#member as GroupMember;
    const starts = await this.#untilDone('the offsets of new partitions are not known', () =>
      startOffsets(this.cluster, member, added, this.#settings.startAt),
    );
    this.#generationId = generationId;
    for (const start of starts ?? []) this.#begin(start);
    const fresh = new Map((starts ?? []).map((start) => [keyOf(start), start.offset]));
    this.#assignFetcher(owned, fresh);
    this.#commits.release();
    this.#tellRebalanced('assigned', added);
    if (!this.#stopping.signal.aborted) this.#enter('RUNNING');
    if (this.#settings.commitIntervalMs === 0) this.#commitSoon();
  }

  #begin({ topic, partition, offset }: AssignedPartition): void {
    const place = { topic, partition };
    const worker = new PartitionWorker(place, offset, this.#host.deliveryOf(topic), this.#host.handle, {
      hungry: () => this.#fetcher.resume([place]),
      settled: () => this.#settings.commitIntervalMs === 0 && this.#commitSoon(),
      failed: (error) => this.#fail(error),
    });
    this.#workers.set(keyOf(place), worker);
  }

  #assignFetcher(owned: readonly TopicPartition[], fresh: ReadonlyMap<string, number> = new Map()): void {
    this.#fetcher.assign(
      owned.flatMap(({ topic, partition }) => {
        const offset = fresh.get(keyOf({ topic, partition })) ?? this.#fetcher.position({ topic, partition });
        return offset === undefined ? [] : [{ topic, partition, offset }];
      }),
    );
  }

  async #revoked(partitions: readonly TopicPartition[]): Promise<void> {
    const leaving = this.#takeOut(partitions);
    await this.#drain(leaving);
    this.#tellRebalanced('revoked', partitions);
  }

  #lost(partitions: readonly TopicPartition[]): void {
    for (const worker of this.#takeOut(partitions)) worker.lose();
    this.#tellRebalanced('lost', partitions);
  }

  /** Fetches nothing more for partitions, and returns their workers. */
  #takeOut(partitions: readonly TopicPartition[]): PartitionWorker[] {
    const taken = partitions.flatMap((place) => {
      const worker = this.#workers.get(keyOf(place));
      this.#workers.delete(keyOf(place));
      return worker === undefined ? [] : [worker];
    });
    this.#assignFetcher([...this.#workers.values()].map(({ place }) => place));
    return taken;
  }

  /** Lets handlers end and commits what they did. */
  async #drain(workers: readonly PartitionWorker[]): Promise<void> {
    const { clock, drainTimeoutMs } = this.#settings;
    await Promise.all(
      workers.map(async (worker) => {
        if (await worker.drain(clock, drainTimeoutMs)) return;
        const { topic, partition } = worker.place;
        const message = `handlers of ${topic}-${partition} did not end within ${drainTimeoutMs} ms: their records are handled again`;
        this.#trouble('a partition was given up early', new FatalError('MR_DEPENDENCY_TIMEOUT', message), 'rejoin');
      }),
    );
    try {
      await this.#commits.commit(workers);
    } catch (error) {
      this.#trouble('the last commit has failed', error as Error, 'rejoin');
    }
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        for (const batch of await this.#fetcher.poll(POLL_MS)) this.#receive(batch);
      } catch (error) {
        // Stopping the fetcher ends a poll that is under way.
        if (signal.aborted) return;
        await this.#fetchFailed(error as Error).catch((failure: Error) => this.#fail(failure));
      }
    }
  }

  #receive(batch: FetchedBatch): void {
    const { topic, partition } = batch;
    const worker = this.#workers.get(keyOf({ topic, partition }));
    if (worker === undefined) return;
    this.#fetcher.pause([worker.place]);
    worker.add(batch);
  }

  /** Goes on at one end of the log, where that is wanted. @throws the error where it is not. */
  async #fetchFailed(error: Error): Promise<void> {
    const { onOffsetOutOfRange } = this.#settings;
    if (!isMillraceError(error) || error.code !== 'MR_OFFSET_OUT_OF_RANGE') throw error;
    if (onOffsetOutOfRange === 'stop') {
      const remedy =
        "the group stands where the log is not any more; onOffsetOutOfRange: 'earliest' or 'latest' goes on at an end of it";
      throw new TaskError(error.code, `${error.message}: ${remedy}`, { cause: error, place: error.place });
    }
    const { topic = '', partition = -1 } = error.place;
    const worker = this.#workers.get(keyOf({ topic, partition }));
    if (worker === undefined) return;
    this.#trouble(`goes on at the ${onOffsetOutOfRange} offset`, error, 'skip');
    await worker.drain(this.#settings.clock, this.#settings.drainTimeoutMs);
    const query = { topic, partition, at: onOffsetOutOfRange, isolation: 'read_committed' } as const;
    const [found] =
      (await this.#untilDone('the ends of the log are not known', () =>
        new Admin(this.cluster).listOffsets([query]),
      )) ?? [];
    if (found === undefined || this.#workers.get(keyOf({ topic, partition })) !== worker) return;
    this.#begin(found);
    const owned = [...this.#workers.values()].map(({ place }) => place);
    this.#assignFetcher(owned, new Map([[keyOf(found), found.offset]]));
  }

  /** Comes again and again; with an interval of 0 it still does, for the lag and for commits that were refused. */
  #commitLater(): void {
    const intervalMs = this.#settings.commitIntervalMs || AGAIN_AFTER_MS;
    this.#commitTimer = this.#settings.clock.setTimer(intervalMs, () => {
      this.#tellLag();
      this.#commitSoon();
      if (!this.#stopping.signal.aborted) this.#commitLater();
    });
  }

  /** Commits unless a commit is under way; what is settled meanwhile is committed after it. */
  #commitSoon(): void {
    if (this.#isCommitting || this.#commits.isHeld || this.#stopping.signal.aborted) return;
    this.#isCommitting = true;
    const workers = [...this.#workers.values()];
    this.#commits
      .commit(workers)
      .then((isAccepted) => {
        this.#isCommitting = false;
        const isBehind = workers.some((worker) => worker.committable > worker.committed);
        if (isAccepted && isBehind && this.#settings.commitIntervalMs === 0) this.#commitSoon();
      })
      .catch((error: Error) => this.#fail(error));
  }

  #refreshLater(): void {
    this.#refreshTimer = this.#settings.clock.setTimer(
      this.#settings.topicRefreshMs,
      () => {
        this.#refresh()
          .catch((error: Error) => {
            if (dispositionOf(error, 'retry') === 'retry') this.#trouble('topics were not looked for', error, 'retry');
            else this.#fail(error);
          })
          .finally(() => {
            if (!this.#stopping.signal.aborted) this.#refreshLater();
          });
      },
      { unref: true },
    );
  }

  async #refresh(): Promise<void> {
    const topics = this.#selection.select(await new Admin(this.cluster).listTopics());
    if (!this.#stopping.signal.aborted) await this.#readTopics(topics);
  }

  /** Tries until it succeeds, or the reader stops. @throws what repeating does not mend. */
  async #untilDone<T>(what: string, attempt: () => Promise<T>): Promise<T | undefined> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        return await attempt();
      } catch (error) {
        if (signal.aborted) return undefined;
        if (dispositionOf(error, 'stop-app') !== 'retry') throw error;
        this.#trouble(what, error as Error, 'retry');
        await sleep(this.#settings.clock, AGAIN_AFTER_MS, signal).catch(() => undefined);
      }
    }
    return undefined;
  }

  #fail(error: Error): void {
    if (this.#state === 'FAILED' || this.#stopping.signal.aborted) {
      this.#trouble('an error while the server ends', error, 'stop');
      return;
    }
    this.#publishFailure(error, 'stop');
    void this.#end('FAILED');
    this.#host.failed(error);
  }

  #end(state: 'STOPPED' | 'FAILED'): Promise<void> {
    this.#ending ??= this.#leave(state);
    return this.#ending;
  }

  async #leave(state: 'STOPPED' | 'FAILED'): Promise<void> {
    const { clock, drainTimeoutMs } = this.#settings;
    this.#stopping.abort();
    this.#enter(state);
    this.#commitTimer?.cancel();
    this.#refreshTimer?.cancel();
    // Brokers that do not answer must not keep the process: cutting the connections ends every wait for them.
    const cut = clock.setTimer(drainTimeoutMs + CLOSING_MS, () => void this.cluster.stop());
    await this.#inOrder('the group was not left in order', async () => this.#member?.stop());
    // A member that has failed does not give its partitions up.
    await this.#inOrder('a partition was not given up in order', () => this.#drain([...this.#workers.values()]));
    this.#workers.clear();
    await this.#inOrder('the fetcher did not stop in order', () => this.#fetcher.stop());
    await this.#polling;
    await this.#inOrder('not everything that was produced has arrived', () => this.producer.stop());
    cut.cancel();
    await this.#inOrder('connections did not end in order', () => this.cluster.stop());
  }

  async #inOrder(what: string, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.#trouble(what, error as Error, 'stop');
    }
  }

  #enter(state: ReaderState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#host.stateChanged(state);
  }

  #trouble(what: string, error: Error, action: 'retry' | 'rejoin' | 'skip' | 'stop'): void {
    this.#publishFailure(error, action);
    this.#host.troubled(what, error);
  }

  #publishFailure(error: Error, action: 'retry' | 'rejoin' | 'skip' | 'stop'): void {
    runtimeChannels.failed.publish({
      applicationId: this.#settings.groupId,
      thread: TRANSPORT_THREAD,
      code: isMillraceError(error) ? error.code : 'MR_TASK_FAILED',
      message: isMillraceError(error) ? error.message : describeError(error),
      action,
      delayMs: 0,
      cause: error,
    });
  }

  #tellRebalanced(kind: 'assigned' | 'revoked' | 'lost', partitions: readonly TopicPartition[]): void {
    const { groupId: applicationId } = this.#settings;
    const generationId = this.#generationId;
    runtimeChannels.rebalanced.publish({ applicationId, thread: TRANSPORT_THREAD, kind, generationId, partitions });
    this.#host.rebalanced(kind, partitions);
  }

  #tellLag(): void {
    if (!runtimeChannels.lag.hasSubscribers) return;
    const { groupId: applicationId } = this.#settings;
    for (const { topic, partition, lagRecords } of this.progress()) {
      if (lagRecords === undefined) continue;
      runtimeChannels.lag.publish({ applicationId, thread: TRANSPORT_THREAD, topic, partition, lagRecords });
    }
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}
