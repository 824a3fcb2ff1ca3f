/**
 * Sends batches to the leaders of their partitions.
 *
 *   add ──▶ waiting ──drain──▶ in flight ──acknowledged──▶ done
 *              ▲                  │ retriable, disconnected: backoff, fresh metadata
 *              └──────────────────┘
 *
 * Invariants:
 * - at most `maxInFlight` requests to a leader, at most one batch of a partition in a request;
 * - batches of a partition reach the log in the order of `add`, however often they are repeated;
 * - every batch ends: acknowledged, refused, or after `deliveryTimeoutMs`.
 */
import { FatalError, TransientError, describeError } from '@millrace/kernel';
import { apis, type RecordBatchBuilder, type ResponseOf } from '@millrace/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { backoffMs } from '../cluster/retry.js';
import { WakeUp } from '../cluster/wake-up.js';
import { clientChannels } from '../diagnostics/channels.js';
import { brokerError, mayBeRepeated, noLeader } from '../errors/broker-errors.js';
import { partitionKey } from '../metadata/topic-metadata.js';
import { PartitionQueue } from './partition-queue.js';
import { PendingBatch, type ProduceResult } from './pending-batch.js';
import { refused, tooLarge, tooLate } from './produce-errors.js';
import { answersByPartition, outcomeOf, produceRequest, type PartitionAnswer } from './produce-request.js';
import type { ProducerSettings } from './producer-options.js';
import type { SenderPolicy } from './sender-policy.js';
import { SpareMemory } from './spare-memory.js';

/** See the head of this file. */
export class BatchSender {
  readonly #cluster: Cluster;
  readonly #purpose: string;
  readonly #settings: ProducerSettings;
  readonly #policy: SenderPolicy;
  readonly #queues = new Map<string, PartitionQueue>();
  readonly #ready = new Set<PartitionQueue>();
  readonly #requestsTo = new Map<number, number>();
  #idleWaiters: (() => void)[] = [];
  #unsettled = 0;
  #bufferedBytes = 0;
  #scheduled = false;
  #abandoned: Error | undefined;
  readonly #wakeUp: WakeUp;
  readonly #spare = new SpareMemory();

  constructor(cluster: Cluster, purpose: string, settings: ProducerSettings, policy: SenderPolicy) {
    this.#cluster = cluster;
    this.#purpose = purpose;
    this.#settings = settings;
    this.#policy = policy;
    this.#wakeUp = new WakeUp(cluster.clock, () => this.schedule());
  }

  /** Bytes of batches that are not yet acknowledged. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Takes the builder's records as one batch. */
  add(topic: string, partition: number, builder: RecordBatchBuilder): Promise<ProduceResult> {
    const queue = this.#queueOf(topic, partition);
    const identity = this.#policy.identity();
    if (queue.isEmpty && !queue.blocked && queue.identity !== identity) queue.restart(identity);
    const stamp = { identity: queue.identity, sequence: queue.nextSequence };
    const { recordCount } = builder;
    const stamped = {
      compression: this.#settings.compression,
      producerId: stamp.identity.producerId,
      producerEpoch: stamp.identity.epoch,
      baseSequence: stamp.sequence,
      isTransactional: this.#settings.transactionalId !== undefined,
    };
    const { records, memory } = builder.take(stamped, this.#spare.take);
    const { maxRequestBytes } = this.#settings;
    if (records.length > maxRequestBytes) {
      const error = tooLarge(queue, records.length, maxRequestBytes);
      this.#policy.failed(error);
      return refused(error);
    }
    const content = { records, memory, recordCount };
    const batch = new PendingBatch(topic, partition, content, stamp, this.#nowMs());
    queue.add(batch);
    this.#ready.add(queue);
    this.#unsettled++;
    this.#bufferedBytes += batch.sizeInBytes;
    this.schedule();
    return batch.acknowledged;
  }

  /** Sends what may be sent, at the end of the present run of synchronous code. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      for (let requests = this.#collect(); requests.size > 0; requests = this.#collect()) {
        for (const [nodeId, batches] of requests) this.#send(nodeId, batches);
      }
    });
  }

  /** Resolves when no batch is waiting or in flight. Never rejects. */
  idle(): Promise<void> {
    return this.#unsettled === 0 ? Promise.resolve() : new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /**
   * Fails what waits, and what is in flight unless its next answer acknowledges it. Lasts until {@link resume}.
   *
   * @returns whether anything was dropped, which leaves a gap in the sequence numbers.
   */
  abandon(error: Error): boolean {
    this.#abandoned = error;
    let dropped = false;
    for (const queue of this.#queues.values()) {
      for (const batch of queue.takeWaiting()) {
        dropped = true;
        this.#settle(queue, batch, () => batch.reject(error));
      }
    }
    return dropped;
  }

  /** Ends {@link abandon}. */
  resume(): void {
    this.#abandoned = undefined;
  }

  /** Starts again at sequence 0 on every partition. Nothing may be waiting or in flight. */
  restart(): void {
    this.#queues.clear();
    this.#ready.clear();
    this.#wakeUp.cancel();
  }

  #nowMs(): number {
    return this.#cluster.clock.monotonicMs();
  }

  #queueOf(topic: string, partition: number): PartitionQueue {
    const key = partitionKey(topic, partition);
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = new PartitionQueue(topic, partition, this.#policy.identity(), this.#policy.firstGoesAlone());
      this.#queues.set(key, queue);
    }
    return queue;
  }

  /** One request for each leader that can take one: the oldest sendable batch of each of its partitions. */
  #collect(): Map<number, PendingBatch[]> {
    const nowMs = this.#nowMs();
    const requests = new Map<number, PendingBatch[]>();
    const sizes = new Map<number, number>();
    for (const queue of this.#ready) {
      this.#expire(queue, nowMs);
      if (queue.waiting.length === 0) this.#ready.delete(queue);
      const batch = queue.sendable(this.#settings.maxInFlight);
      if (batch === undefined) continue;
      if (queue.notBeforeMs > nowMs) {
        this.#wakeUp.at(queue.notBeforeMs);
        continue;
      }
      const nodeId = this.#cluster.leaderOf(queue.topic, queue.partition);
      if (nodeId === undefined) {
        this.#findLeader(queue);
        continue;
      }
      if ((this.#requestsTo.get(nodeId) ?? 0) >= this.#settings.maxInFlight) continue;
      if (!this.#policy.maySend(queue.topic, queue.partition)) continue;
      const batches = requests.get(nodeId) ?? [];
      const size = (sizes.get(nodeId) ?? 0) + batch.sizeInBytes;
      if (batches.length > 0 && size > this.#settings.maxRequestBytes) continue;
      sizes.set(nodeId, size);
      requests.set(nodeId, batches);
      batches.push(batch);
      queue.sent(batch);
    }
    return requests;
  }

  #send(nodeId: number, batches: readonly PendingBatch[]): void {
    this.#requestsTo.set(nodeId, (this.#requestsTo.get(nodeId) ?? 0) + 1);
    const request = produceRequest(batches, this.#settings.transactionalId, this.#cluster.settings.requestTimeoutMs);
    const exchange = async (): Promise<ResponseOf<typeof apis.Produce>> =>
      this.#cluster
        .link(nodeId, this.#purpose)
        .request(apis.Produce, request, { cap: this.#policy.produceVersionCap() });
    exchange()
      .then(
        (response) => this.#handleResponse(batches, response),
        (error: Error) => batches.forEach((batch) => this.#handleFailure(batch, error)),
      )
      .finally(() => {
        this.#requestsTo.set(nodeId, (this.#requestsTo.get(nodeId) ?? 1) - 1);
        this.schedule();
      });
  }

  #handleResponse(batches: readonly PendingBatch[], response: ResponseOf<typeof apis.Produce>): void {
    const answers = answersByPartition(response);
    for (const batch of batches) {
      const { topic, partition } = batch;
      const answer = answers.get(partitionKey(topic, partition));
      if (answer !== undefined) this.#handleAnswer(batch, answer);
      else this.#handleFailure(batch, new TransientError('MR_BROKER_RETRIABLE', `no answer for ${topic}-${partition}`));
    }
  }

  #handleAnswer(batch: PendingBatch, answer: PartitionAnswer): void {
    const { topic, partition } = batch;
    const { errorCode, baseOffset, currentLeader, errorMessage } = answer;
    const queue = this.#queueOf(topic, partition);
    const outcome = outcomeOf(errorCode);
    if (outcome === 'acknowledged') {
      queue.acknowledged(batch);
      if (batch.reusableMemory !== undefined) this.#spare.give(batch.reusableMemory);
      this.#settle(queue, batch, () => batch.resolve({ baseOffset }));
      return;
    }
    const error = brokerError(errorCode, `Produce to ${topic}-${partition}`, { topic, partition }, errorMessage ?? '');
    this.#cluster.metadataCache.learnLeader(topic, partition, currentLeader.leaderId, currentLeader.leaderEpoch);
    if (outcome === 'retriable') this.#handleFailure(batch, error);
    else if (outcome === 'refused') this.#fail(queue, batch, error, true);
    // The batch before it failed or is still on its way: in its own place it will be in order.
    else if (queue.blocked || batch.isRestamped || queue.hasOlder(batch)) this.#repeat(queue, batch, error);
    else this.#fail(queue, batch, error, false);
  }

  #handleFailure(batch: PendingBatch, error: Error): void {
    const queue = this.#queueOf(batch.topic, batch.partition);
    if (!mayBeRepeated(error)) {
      this.#fail(queue, batch, error, false);
      return;
    }
    // Stale metadata are the usual cause; when the refresh fails too, the next try asks again.
    this.#cluster.refreshMetadata([batch.topic]).catch(() => undefined);
    this.#repeat(queue, batch, error);
  }

  #repeat(queue: PartitionQueue, batch: PendingBatch, error: Error): void {
    if (this.#abandoned !== undefined) {
      this.#fail(queue, batch, this.#abandoned, false);
      return;
    }
    if (this.#nowMs() - batch.createdMs >= this.#settings.deliveryTimeoutMs) {
      this.#fail(queue, batch, tooLate(batch, this.#settings.deliveryTimeoutMs, error), false);
      return;
    }
    const { topic, partition, attempts: attempt } = batch;
    const delayMs = backoffMs(attempt, this.#cluster.settings, this.#cluster.random);
    const what = `Produce to ${topic}-${partition}`;
    clientChannels.retry.publish({ what, attempt, delayMs, error: describeError(error) });
    queue.putBack(batch);
    queue.notBeforeMs = this.#nowMs() + delayMs;
    this.#ready.add(queue);
    this.schedule();
  }

  #expire(queue: PartitionQueue, nowMs: number): void {
    for (const batch of queue.waiting) {
      if (nowMs - batch.createdMs < this.#settings.deliveryTimeoutMs) break;
      this.#fail(queue, batch, tooLate(batch, this.#settings.deliveryTimeoutMs), batch.attempts === 0);
    }
  }

  /** @param definite Whether the batch is certainly not in the log, so that its sequence numbers can be used again. */
  #fail(queue: PartitionQueue, batch: PendingBatch, error: Error, definite: boolean): void {
    if (batch.isSettled) return;
    if (definite) queue.closeGap(batch);
    this.#settle(queue, batch, () => batch.reject(error));
    this.#policy.failed(error);
    if (definite || this.#settings.transactionalId !== undefined) return;
    queue.blocked = true;
    this.#policy.renewIdentity(queue.identity).then(
      (identity) => {
        queue.renew(identity);
        this.schedule();
      },
      (cause: Error) => {
        queue.blocked = false;
        for (const each of queue.takeWaiting()) this.#settle(queue, each, () => each.reject(cause));
      },
    );
  }

  #settle(queue: PartitionQueue, batch: PendingBatch, end: () => void): void {
    if (batch.isSettled) return;
    batch.isSettled = true;
    queue.settle(batch);
    this.#unsettled--;
    this.#bufferedBytes -= batch.sizeInBytes;
    end();
    if (this.#unsettled > 0) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const waiter of waiters) waiter();
  }

  #findLeader(queue: PartitionQueue): void {
    const { topic, partition } = queue;
    const find = async (): Promise<void> => {
      await this.#cluster.refreshMetadata([topic]);
      const isThere = (await this.#cluster.partitionCount(topic)) > partition;
      if (isThere && this.#cluster.leaderOf(topic, partition) !== undefined) return;
      const place = { topic, partition };
      if (isThere) throw noLeader(place);
      throw new FatalError('MR_BROKER_REFUSED', `topic '${topic}' has no partition ${partition}`, { place });
    };
    queue.searching = true;
    find()
      .catch((error: Error) => {
        queue.notBeforeMs = this.#nowMs() + this.#cluster.settings.retryBackoffMs;
        if (mayBeRepeated(error)) return;
        for (const batch of queue.waiting) this.#fail(queue, batch, error, batch.attempts === 0);
      })
      .finally(() => {
        queue.searching = false;
        this.schedule();
      });
  }
}
