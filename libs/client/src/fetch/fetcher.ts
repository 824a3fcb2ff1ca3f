/**
 * Reads assigned partitions ahead of the caller.
 *
 * Invariants:
 * - one outstanding fetch to a broker; it names every partition read there that is neither paused nor full;
 * - a partition is read from its leader, or from the follower that the leader prefers for this client's rack (KIP-392); whatever goes
 *   wrong with a follower, the leader is asked next, and it alone says that an offset is out of range;
 * - a partition's batches are polled in the order of their offsets, without gap and without repetition;
 * - an answer that belongs to an assignment that was replaced, or to a position that has moved, is dropped;
 * - an answer stays one contiguous buffer: batches are views on it, and nothing is decoded here.
 */
import { TaskError, TransientError, describeError, type Lifecycle } from '@millrace/kernel';
import { ErrorCodes, apis, type ResponseOf } from '@millrace/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { backoffMs } from '../cluster/retry.js';
import { WakeUp } from '../cluster/wake-up.js';
import { clientChannels } from '../diagnostics/channels.js';
import { brokerError, mayBeRepeated, stoppedError } from '../errors/broker-errors.js';
import { NO_TOPIC_ID, partitionKey, type TopicPartition } from '../metadata/topic-metadata.js';
import { resolveFetcherOptions, type FetcherOptions, type FetcherSettings } from './fetch-options.js';
import { planFetch } from './fetch-request.js';
import type { FetchedBatch } from './fetched-batch.js';
import { PartitionFetch, type PartitionAnswer } from './partition-fetch.js';

/** A partition and where to begin in it. */
export interface AssignedPartition extends TopicPartition {
  /** Offset of the first record to be read. */
  readonly offset: number;
}

/** How long a broker may wait when partitions were left out, so that they can soon be asked for again. */
const SHORT_WAIT_MS = 20;

/** See the head of this file. Made on a started cluster. */
export class Fetcher implements Lifecycle {
  readonly #cluster: Cluster;
  readonly #settings: FetcherSettings;
  readonly #purpose: string;
  #partitions = new Map<string, PartitionFetch>();
  readonly #outstanding = new Set<number>();
  #failures: Error[] = [];
  #wakePoll: (() => void) | undefined;
  readonly #wakeUp: WakeUp;
  #scheduled = false;
  #running = false;

  constructor(cluster: Cluster, options: FetcherOptions = {}) {
    this.#cluster = cluster;
    this.#settings = resolveFetcherOptions(options);
    this.#purpose = cluster.newPurpose('fetch');
    this.#wakeUp = new WakeUp(cluster.clock, () => this.#schedule());
  }

  async start(): Promise<void> {
    this.#running = true;
    this.#schedule();
  }

  /** Ends the connections and drops what was fetched. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#wakeUp.cancel();
    this.#partitions.clear();
    this.#cluster.closeLinks(this.#purpose);
    this.#wakePoll?.();
  }

  /**
   * Replaces the whole assignment. A partition that stays keeps its position and what was fetched for it, unless `offset`
   * is another than its {@link position}.
   */
  assign(partitions: readonly AssignedPartition[]): void {
    const assigned = new Map<string, PartitionFetch>();
    for (const { topic, partition, offset } of partitions) {
      const key = partitionKey(topic, partition);
      const present = this.#partitions.get(key);
      const stays = present !== undefined && !present.failed && present.position === offset;
      assigned.set(key, stays ? present : new PartitionFetch(topic, partition, offset));
    }
    this.#partitions = assigned;
    this.#failures = [];
    this.#schedule();
  }

  /**
   * What was fetched of the partitions that are not paused. Waits for up to `maxWaitMs` when there is nothing; returns
   * early, with nothing, when a partition has turned out to be read to its end. One call at a time; the next answers are
   * fetched while the caller works.
   *
   * @throws {TaskError} (restart-task) `MR_OFFSET_OUT_OF_RANGE` when a position lies outside the log, or the topic was
   *   deleted and created again. The partition is left alone until it is assigned anew; others go on.
   * @throws {FatalError} (stop-app) when the rights are missing.
   */
  async poll(maxWaitMs: number): Promise<FetchedBatch[]> {
    if (!this.#running) throw stoppedError('the fetcher');
    let batches = this.#take();
    if (batches.length === 0 && this.#failures.length === 0 && maxWaitMs > 0) {
      await this.#something(maxWaitMs);
      batches = this.#take();
    }
    // What is good comes first: the error is thrown by the next call.
    if (batches.length > 0) return batches;
    const failure = this.#failures.shift();
    if (failure !== undefined) throw failure;
    return batches;
  }

  /** Lets a {@link poll} that is waiting return at once; does nothing when there is none. (Kafka: `Consumer.wakeup`.) */
  wake(): void {
    this.#wakePoll?.();
  }

  /** Holds partitions back: they are neither fetched nor polled. What was fetched is kept. */
  pause(partitions: readonly TopicPartition[]): void {
    for (const each of partitions) {
      const found = this.#find(each);
      if (found !== undefined) found.paused = true;
    }
    // There may be room for others now.
    this.#schedule();
  }

  /** Undoes {@link pause}. */
  resume(partitions: readonly TopicPartition[]): void {
    for (const each of partitions) {
      const found = this.#find(each);
      if (found === undefined || !found.paused) continue;
      found.paused = false;
      if (found.bufferedBytes > 0) this.#wakePoll?.();
    }
    this.#schedule();
  }

  /** Offset of the next record to be polled; `undefined` when the partition is not assigned. */
  position(partition: TopicPartition): number | undefined {
    return this.#find(partition)?.position;
  }

  /** Last stable offset (`read_committed`) or high watermark as last answered; `undefined` before the first answer. */
  endOffset(partition: TopicPartition): number | undefined {
    return this.#find(partition)?.endOffset;
  }

  /** Whether everything up to the end, as last answered, was polled. False before the first answer. */
  isCaughtUp(partition: TopicPartition): boolean {
    const found = this.#find(partition);
    return found?.endOffset !== undefined && found.position >= found.endOffset;
  }

  /**
   * When a broker last answered that there was nothing beyond what is fetched: time of the cluster's monotonic clock.
   * `undefined` while there was more, or before the first answer.
   */
  caughtUpAtMs(partition: TopicPartition): number | undefined {
    return this.#find(partition)?.caughtUpAtMs;
  }

  #find({ topic, partition }: TopicPartition): PartitionFetch | undefined {
    return this.#partitions.get(partitionKey(topic, partition));
  }

  #take(): FetchedBatch[] {
    const batches: FetchedBatch[] = [];
    for (const partition of this.#partitions.values()) if (!partition.paused) partition.take(batches);
    if (batches.length > 0) this.#schedule();
    return batches;
  }

  #something(maxWaitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel();
        this.#wakePoll = undefined;
        resolve();
      };
      const timer = this.#cluster.clock.setTimer(maxWaitMs, wake);
      this.#wakePoll = wake;
    });
  }

  #schedule(): void {
    if (this.#scheduled || !this.#running) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (this.#running) this.#fetchAhead();
    });
  }

  /** Asks each broker that is not busy for all that may be fetched from it. */
  #fetchAhead(): void {
    const nowMs = this.#cluster.clock.monotonicMs();
    let bufferedBytes = 0;
    for (const { paused, bufferedBytes: held } of this.#partitions.values()) if (!paused) bufferedBytes += held;
    if (bufferedBytes >= this.#settings.maxBufferedBytes) return;
    const wanted = new Map<number, PartitionFetch[]>();
    const leftOut = new Set<number>();
    for (const partition of this.#partitions.values()) {
      if (partition.failed) continue;
      if (partition.notBeforeMs > nowMs) {
        this.#wakeUp.at(partition.notBeforeMs);
        continue;
      }
      const nodeId = this.#sourceOf(partition, nowMs);
      if (nodeId === undefined) this.#findLeader(partition);
      else if (!this.#isSameTopic(partition)) continue;
      else if (this.#outstanding.has(nodeId)) continue;
      else if (partition.paused || partition.bufferedBytes >= this.#settings.partitionMaxBytes) leftOut.add(nodeId);
      else wanted.set(nodeId, [...(wanted.get(nodeId) ?? []), partition]);
    }
    for (const [nodeId, partitions] of wanted) this.#fetch(nodeId, partitions, leftOut.has(nodeId));
  }

  /** The broker to read a partition from; `undefined` while its leader is not known. */
  #sourceOf(partition: PartitionFetch, nowMs: number): number | undefined {
    const { topic, replica } = partition;
    const leaderId = this.#cluster.leaderOf(topic, partition.partition);
    const followerId = leaderId === undefined ? undefined : replica.at(nowMs);
    if (followerId === undefined) return leaderId;
    if (this.#cluster.metadataCache.broker(followerId) !== undefined) return followerId;
    replica.drop();
    return leaderId;
  }

  #fetch(nodeId: number, partitions: readonly PartitionFetch[], leavesOut: boolean): void {
    const { maxWaitMs } = this.#settings;
    const waitMs = leavesOut ? Math.min(SHORT_WAIT_MS, maxWaitMs) : maxWaitMs;
    const plan = planFetch(this.#cluster, this.#settings, partitions, waitMs);
    const positions = partitions.map(({ fetchOffset }) => fetchOffset);
    this.#outstanding.add(nodeId);
    const exchange = async (): Promise<void> => {
      const timeoutMs = this.#cluster.settings.requestTimeoutMs + waitMs;
      const link = this.#cluster.link(nodeId, this.#purpose);
      const cap = plan.cap === undefined ? {} : { cap: plan.cap };
      const response = await link.request(apis.Fetch, plan.body, { timeoutMs, ...cap });
      if (response.errorCode !== ErrorCodes.NONE) throw brokerError(response.errorCode, `Fetch from broker ${nodeId}`);
      this.#handleResponse(nodeId, response, partitions, positions);
    };
    exchange()
      .catch((error: Error) => {
        for (const partition of partitions) this.#handleFailure(partition, error);
      })
      .finally(() => {
        this.#outstanding.delete(nodeId);
        this.#schedule();
      });
  }

  #handleResponse(
    nodeId: number,
    response: ResponseOf<typeof apis.Fetch>,
    partitions: readonly PartitionFetch[],
    positions: readonly number[],
  ): void {
    const answers = new Map<string, PartitionAnswer>();
    for (const { topic, topicId, partitions: members } of response.responses) {
      const name = topicId === NO_TOPIC_ID ? topic : (this.#cluster.metadataCache.nameOf(topicId) ?? '');
      for (const answer of members) answers.set(partitionKey(name, answer.partitionIndex), answer);
    }
    partitions.forEach((partition, index) => {
      const key = partitionKey(partition.topic, partition.partition);
      const answer = answers.get(key);
      const isCurrent = this.#partitions.get(key) === partition && partition.fetchOffset === positions[index];
      if (answer === undefined || !isCurrent) return;
      if (answer.errorCode === ErrorCodes.NONE) this.#handleAnswer(nodeId, key, partition, answer);
      else this.#handleError(nodeId, partition, answer);
    });
  }

  #handleAnswer(nodeId: number, key: string, partition: PartitionFetch, answer: PartitionAnswer): void {
    const nowMs = this.#cluster.clock.monotonicMs();
    let outcome;
    try {
      outcome = partition.accept(answer, this.#settings.isolation === 'read_committed', nowMs, nodeId);
    } catch (error) {
      this.#fail(partition, error as Error);
      return;
    }
    const { preferredReadReplica } = answer;
    if (preferredReadReplica >= 0) this.#readFrom(partition, preferredReadReplica, nowMs);
    if (outcome === 'served') {
      // The one that was served goes to the end of the line, so that all get their turn in answers that are cut off.
      this.#partitions.delete(key);
      this.#partitions.set(key, partition);
    }
    if (outcome !== 'nothing new' && !partition.paused) this.#wakePoll?.();
  }

  #readFrom({ topic, partition, replica }: PartitionFetch, nodeId: number, nowMs: number): void {
    if (!replica.is(nodeId)) clientChannels.fetch.publish({ topic, partition, event: 'replica', nodeId });
    replica.use(nodeId, nowMs + this.#cluster.settings.metadataMaxAgeMs);
  }

  #handleError(nodeId: number, partition: PartitionFetch, answer: PartitionAnswer): void {
    const { topic, fetchOffset } = partition;
    const { leaderId, leaderEpoch } = answer.currentLeader;
    this.#cluster.metadataCache.learnLeader(topic, partition.partition, leaderId, leaderEpoch);
    const place = { topic, partition: partition.partition, offset: fetchOffset };
    const what = `Fetch of ${topic}-${partition.partition} at offset ${fetchOffset}`;
    // A follower knows less of the log than its leader, who has the last word.
    const isLast = !(partition.replica.is(nodeId) && answer.errorCode === ErrorCodes.OFFSET_OUT_OF_RANGE);
    const error = isLast
      ? brokerError(answer.errorCode, what, place)
      : new TransientError('MR_BROKER_RETRIABLE', `${what} from follower ${nodeId} is out of its range`, { place });
    this.#handleFailure(partition, error);
  }

  #handleFailure(partition: PartitionFetch, error: Error): void {
    const { topic } = partition;
    if (!this.#running) return;
    if (!mayBeRepeated(error)) {
      this.#fail(partition, error);
      return;
    }
    partition.replica.drop();
    partition.failures++;
    const delayMs = backoffMs(partition.failures, this.#cluster.settings, this.#cluster.random);
    partition.notBeforeMs = this.#cluster.clock.monotonicMs() + delayMs;
    clientChannels.fetch.publish({
      topic,
      partition: partition.partition,
      event: 'retrying',
      error: describeError(error),
    });
    this.#refresh(partition);
  }

  #findLeader(partition: PartitionFetch): void {
    partition.notBeforeMs = this.#cluster.clock.monotonicMs() + this.#cluster.settings.retryBackoffMs;
    this.#refresh(partition);
  }

  #refresh(partition: PartitionFetch): void {
    const { topic } = partition;
    this.#cluster
      .refreshMetadata([topic])
      // The partition's own backoff leads to the next try.
      .catch(() => undefined)
      .finally(() => this.#schedule());
  }

  /** An offset is worth nothing in another topic of the same name. */
  #isSameTopic(partition: PartitionFetch): boolean {
    const { topic, fetchOffset } = partition;
    const current = this.#cluster.metadataCache.topic(topic)?.topicId;
    partition.topicId ??= current;
    if (partition.topicId === current) return true;
    const place = { topic, partition: partition.partition, offset: fetchOffset };
    const message = `topic '${topic}' was deleted and created again: offset ${fetchOffset} belongs to the old one`;
    this.#fail(partition, new TaskError('MR_OFFSET_OUT_OF_RANGE', message, { place }));
    return false;
  }

  #fail(partition: PartitionFetch, error: Error): void {
    if (this.#find(partition) !== partition || partition.failed) return;
    partition.failed = true;
    this.#failures.push(error);
    clientChannels.fetch.publish({
      topic: partition.topic,
      partition: partition.partition,
      event: 'failed',
      error: describeError(error),
    });
    this.#wakePoll?.();
  }
}
