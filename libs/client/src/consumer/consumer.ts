import { isMillraceError, type Lifecycle } from '@millrace/kernel';
import { listOffsets } from '../admin/list-offsets.js';
import type { Cluster } from '../cluster/cluster.js';
import { CommittedRecords } from '../fetch/committed-records.js';
import type { FetchedBatch } from '../fetch/fetched-batch.js';
import { Fetcher, type AssignedPartition } from '../fetch/fetcher.js';
import type { FetcherOptions } from '../fetch/fetch-options.js';
import type { Assignor } from '../group/assignors/assignor.js';
import { cooperativeStickyAssignor } from '../group/assignors/cooperative-sticky-assignor.js';
import { GroupMember } from '../group/group-member.js';
import { partitionKey, type TopicPartition } from '../metadata/topic-metadata.js';

/** How a {@link Consumer} reads. */
export interface ConsumerOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Called with one batch after the other; its offsets are committed when it returns. */
  readonly eachBatch: (records: CommittedRecords, batch: FetchedBatch) => Promise<void> | void;
  /** Where to begin without committed offset. Default `earliest`. Kafka property `auto.offset.reset`. */
  readonly startAt?: 'earliest' | 'latest';
  /** Default: cooperative sticky. */
  readonly assignors?: readonly Assignor[];
  /** Default 45000. Kafka property `session.timeout.ms`. */
  readonly sessionTimeoutMs?: number;
  /** Default 3000. Kafka property `heartbeat.interval.ms`. */
  readonly heartbeatIntervalMs?: number;
  readonly instanceId?: string;
  /** Default `read_committed`, and the defaults of {@link Fetcher}. */
  readonly fetch?: FetcherOptions;
  /** The consumer has come to its end: `eachBatch` has thrown, or an error that repeating does not mend. */
  readonly onFailed?: (error: Error) => void;
}

const POLL_MS = 500;

/**
 * Reads topics as a member of a group, at least once: for tools and tests. Applications use topologies.
 */
export class Consumer implements Lifecycle {
  readonly #cluster: Cluster;
  readonly #options: ConsumerOptions;
  readonly #fetcher: Fetcher;
  readonly #member: GroupMember;
  readonly #records = new CommittedRecords();
  #run: Promise<void> = Promise.resolve();
  #turn: Promise<void> = Promise.resolve();
  #running = false;

  /** @param cluster A started cluster. */
  constructor(cluster: Cluster, options: ConsumerOptions) {
    const {
      groupId,
      topics,
      assignors = [cooperativeStickyAssignor],
      sessionTimeoutMs,
      heartbeatIntervalMs,
      instanceId,
    } = options;
    this.#cluster = cluster;
    this.#options = options;
    this.#fetcher = new Fetcher(cluster, { isolation: 'read_committed', ...options.fetch });
    this.#member = new GroupMember(cluster, {
      groupId,
      topics,
      assignors,
      ...(sessionTimeoutMs !== undefined && { sessionTimeoutMs }),
      ...(heartbeatIntervalMs !== undefined && { heartbeatIntervalMs }),
      ...(instanceId !== undefined && { instanceId }),
      onAssigned: (added, { owned }) => this.#inTurn(() => this.#assign(added, owned)),
      onRevoked: (partitions) => this.#inTurn(async () => this.#giveUp(partitions)),
      onLost: (partitions) => this.#inTurn(async () => this.#giveUp(partitions)),
      onFailed: (error) => this.#fail(error),
    });
  }

  /** What the consumer reads at present. */
  get assignment(): readonly TopicPartition[] {
    return this.#member.assignment;
  }

  async start(): Promise<void> {
    this.#running = true;
    await this.#fetcher.start();
    await this.#member.start();
    this.#run = this.#read();
  }

  /** Finishes the batch under way, commits it, and leaves the group. */
  async stop(): Promise<void> {
    this.#running = false;
    await this.#member.stop();
    await this.#fetcher.stop();
    await this.#run;
  }

  /** Batches and changes of the assignment never overlap. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #read(): Promise<void> {
    try {
      while (this.#running) {
        const batches = await this.#fetcher.poll(POLL_MS).catch((error: Error) => {
          if (this.#running) throw error;
          return [];
        });
        for (const batch of batches) await this.#inTurn(() => this.#handle(batch));
      }
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  async #handle(batch: FetchedBatch): Promise<void> {
    const { topic, partition, nextOffset } = batch;
    const isOwned = this.#member.assignment.some((each) => each.topic === topic && each.partition === partition);
    if (!isOwned) return;
    this.#records.reset(batch);
    await this.#options.eachBatch(this.#records, batch);
    try {
      await this.#member.commitOffsets([{ topic, partition, offset: nextOffset }]);
    } catch (error) {
      // The partition has another owner, or will have one: it reads the batch again, as at-least-once allows.
      if (!isMillraceError(error) || error.code !== 'MR_GROUP_REBALANCED') throw error;
    }
  }

  async #assign(added: readonly TopicPartition[], owned: readonly TopicPartition[]): Promise<void> {
    const begin = new Map(
      (await this.#startOffsets(added)).map((each) => [partitionKey(each.topic, each.partition), each]),
    );
    this.#fetcher.assign(
      owned.flatMap(({ topic, partition }) => {
        const start = begin.get(partitionKey(topic, partition));
        const offset = this.#fetcher.position({ topic, partition }) ?? start?.offset;
        return offset === undefined ? [] : [{ topic, partition, offset }];
      }),
    );
  }

  async #startOffsets(added: readonly TopicPartition[]): Promise<AssignedPartition[]> {
    const committed = await this.#member.committedOffsets(added);
    const missing = committed.filter(({ offset }) => offset === undefined);
    const at = this.#options.startAt ?? 'earliest';
    const listed = await listOffsets(
      this.#cluster,
      missing.map(({ topic, partition }) => ({ topic, partition, at })),
    );
    const known = committed.flatMap(({ topic, partition, offset }) =>
      offset === undefined ? [] : [{ topic, partition, offset }],
    );
    return [...known, ...listed];
  }

  async #giveUp(partitions: readonly TopicPartition[]): Promise<void> {
    const gone = new Set(partitions.map(({ topic, partition }) => partitionKey(topic, partition)));
    const kept = this.#member.assignment.filter(({ topic, partition }) => !gone.has(partitionKey(topic, partition)));
    this.#fetcher.assign(
      kept.flatMap((each) => {
        const offset = this.#fetcher.position(each);
        return offset === undefined ? [] : [{ ...each, offset }];
      }),
    );
  }

  #fail(error: Error): void {
    if (!this.#running) return;
    this.#running = false;
    this.#options.onFailed?.(error);
  }
}
