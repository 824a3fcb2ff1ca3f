import { Admin, Cluster, Fetcher, GroupMember, cooperativeStickyAssignor, type TopicPartition } from '@millrace/client';
import type { Lifecycle } from '@millrace/kernel';
import { AppLifecycle } from '../app/app-lifecycle.js';
import type { AppHealth, AppState, PartitionLag } from '../app/app-state.js';
import { Backoff } from '../backoff/backoff.js';
import { runtimeChannels } from '../diagnostics/channels.js';
import { askHighWatermarks } from '../thread/end-confirmation.js';
import { RebalanceMailbox } from '../thread/rebalance-mailbox.js';
import { ThreadStateMachine } from '../thread/thread-state.js';
import { WakeUp } from '../thread/wake-up.js';
import { ensureTopics, partitionCountsOf } from '../topics/ensure-topics.js';
import { planDeadLetterTopics } from '../topics/topic-plan.js';
import { SinkDeadLetters } from './sink-dead-letters.js';
import { SinkLoop } from './sink-loop.js';
import { resolveSinkAppOptions, type SinkAppOptions, type SinkAppSettings } from './sink-options.js';
import { SinkPartitions } from './sink-partitions.js';
import { SinkWrites } from './sink-writes.js';

/** What a sink has done since it was started. */
export interface SinkMetrics {
  readonly recordsWritten: number;
  readonly deadLetters: number;
}

const REBALANCE_TIMEOUT_MS = 60_000;
const FETCH_WAIT_MS = 100;
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024;

/**
 * Runs a {@link SinkWriter}: a group member that reads committed records, decodes them and hands them over in batches.
 *
 * The sink's own truth decides where a partition goes on, so a writer that keeps offsets with its data gets every record
 * exactly once. Records that cannot be decoded, or that the writer refuses, go to `<topic>-dlt`.
 */
export class SinkApp implements Lifecycle {
  readonly #settings: SinkAppSettings;
  readonly #cluster: Cluster;
  readonly #fetcher: Fetcher;
  readonly #member: GroupMember;
  readonly #deadLetters: SinkDeadLetters;
  readonly #partitions: SinkPartitions;
  readonly #writes: SinkWrites;
  readonly #loop: SinkLoop;
  readonly #mailbox: RebalanceMailbox;
  readonly #states: ThreadStateMachine;
  readonly #lifecycle: AppLifecycle;
  #running: Promise<void> | undefined;

  /** @throws {ConfigurationError} (stop-app) naming everything that is wrong with the options. */
  constructor(options: SinkAppOptions) {
    const settings = resolveSinkAppOptions(options);
    const { name, writer, topics, clock, random } = settings;
    const wakeUp = new WakeUp(clock);
    const mailbox = new RebalanceMailbox(wakeUp.wake);
    const place = { applicationId: name, thread: name };
    this.#mailbox = mailbox;
    this.#settings = settings;
    this.#cluster = new Cluster(settings.cluster);
    this.#lifecycle = new AppLifecycle({
      what: `the sink '${name}'`,
      clock,
      shutdownTimeoutMs: settings.shutdownTimeoutMs,
      close: () => this.#close(),
      cutConnections: () => void this.#cluster.stop(),
    });
    this.#fetcher = new Fetcher(this.#cluster, { isolation: 'read_committed', maxWaitMs: FETCH_WAIT_MS });
    this.#deadLetters = new SinkDeadLetters(this.#cluster, name);
    this.#partitions = new SinkPartitions(writer, topics, settings, this.#deadLetters);
    const backoff = new Backoff(random);
    this.#writes = new SinkWrites({
      name,
      writer,
      deadLetters: this.#deadLetters,
      clock,
      policy: settings.policy,
      random,
      recovered: () => backoff.reset(),
    });
    this.#states = new ThreadStateMachine((from, to) => runtimeChannels.threadState.publish({ ...place, from, to }));
    this.#member = new GroupMember(this.#cluster, {
      groupId: settings.groupId,
      topics: [...topics.keys()],
      assignors: [cooperativeStickyAssignor],
      sessionTimeoutMs: settings.sessionTimeoutMs,
      heartbeatIntervalMs: settings.heartbeatIntervalMs,
      rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
      ...(settings.instanceId === undefined ? {} : { instanceId: settings.instanceId }),
      onRejoining: () => mailbox.post({ kind: 'rejoining', partitions: [] }),
      onAssigned: (partitions) => mailbox.post({ kind: 'assigned', partitions }),
      onRevoked: (partitions) => mailbox.post({ kind: 'revoked', partitions }),
      onLost: (partitions) => mailbox.post({ kind: 'lost', partitions }),
      onFailed: this.#lifecycle.fail,
    });
    this.#loop = new SinkLoop({
      name,
      clock,
      commitIntervalMs: settings.commitIntervalMs,
      maxBufferedBytes: MAX_BUFFERED_BYTES,
      states: this.#states,
      partitions: this.#partitions,
      writes: this.#writes,
      fetcher: this.#fetcher,
      member: this.#member,
      mailbox,
      startOffsets: {
        committed: (partitions) => this.#member.committedOffsets(partitions),
        earliest: (partitions) => this.#earliest(partitions),
      },
      backoff,
      wakeUp,
      askEnds: askHighWatermarks(this.#cluster),
      flush: async () => writer.flush?.(),
    });
  }

  get state(): AppState {
    return this.#lifecycle.state;
  }

  get metrics(): SinkMetrics {
    return { recordsWritten: this.#writes.records, deadLetters: this.#deadLetters.count };
  }

  /** Resolves when the sink has been stopped; rejects with the error that ended it otherwise. */
  get finished(): Promise<void> {
    return this.#lifecycle.finished;
  }

  /**
   * Connects, makes dead-letter topics where they are missing, and joins the group. Does not wait for partitions.
   *
   * @throws {FatalError} (stop-app) when a topic does not exist or may not be read.
   */
  async start(): Promise<void> {
    await this.#lifecycle.start(() => this.#open());
    this.#running = this.#loop.run().catch(this.#lifecycle.fail);
  }

  /** Commits what is durable, closes the partitions, leaves the group and disconnects. What is not durable is read again later. */
  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  /**
   * Waits until everything up to the present ends of the partitions that the group has given to this process is written
   * and durable.
   *
   * @throws the error that ended the sink, if one did.
   */
  async drain(): Promise<void> {
    await Promise.race([this.#loop.drained(), this.#lifecycle.failure]);
  }

  health(): AppHealth {
    const { lastFailure } = this.#loop;
    const tasks = this.#partitions.all.map(({ topic, partition }) => ({
      taskId: `${topic.name}_${partition}`,
      state: 'RUNNING' as const,
    }));
    const thread = { thread: this.#settings.name, state: this.#states.state, tasks, standbys: [] };
    return {
      applicationId: this.#settings.name,
      state: this.state,
      threads: [lastFailure === undefined ? thread : { ...thread, lastFailure }],
    };
  }

  /** How far each partition is behind, as last told by the brokers; partitions without an answer yet are left out. */
  lag(): PartitionLag[] {
    return this.#partitions.all.flatMap((each) => {
      const place = { topic: each.topic.name, partition: each.partition };
      const endOffset = this.#fetcher.endOffset(place);
      if (endOffset === undefined) return [];
      const isDone = each.isWritten && this.#fetcher.isCaughtUp(place);
      const position = isDone ? endOffset : each.writtenOffset;
      return [{ ...place, position, endOffset, lagRecords: Math.max(0, endOffset - position) }];
    });
  }

  async #open(): Promise<void> {
    await this.#cluster.start();
    const topics = [...this.#settings.topics.keys()];
    const counts = await partitionCountsOf(this.#cluster, topics);
    const planned = planDeadLetterTopics(topics, counts);
    await ensureTopics(this.#cluster, planned, this.#settings.replicationFactor, { mayDiffer: true });
    await this.#deadLetters.start();
    await this.#fetcher.start();
    await this.#member.start();
  }

  #earliest(partitions: readonly TopicPartition[]): Promise<readonly { readonly offset: number }[]> {
    return new Admin(this.#cluster).listOffsets(partitions.map((each) => ({ ...each, at: 'earliest' })));
  }

  async #close(): Promise<void> {
    this.#loop.stop();
    await this.#running;
    this.#mailbox.close();
    await this.#member.stop();
    await this.#fetcher.stop();
    await this.#deadLetters.stop();
    await this.#cluster.stop();
  }
}
