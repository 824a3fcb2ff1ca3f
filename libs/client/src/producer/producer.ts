import { FatalError, TaskError, TransientError, type Lifecycle } from '@millrace/kernel';
import { apis, type RecordBatchBuilder } from '@millrace/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { clientChannels } from '../diagnostics/channels.js';
import { mayBeRepeated, stoppedError } from '../errors/broker-errors.js';
import type { GroupMetadata } from '../group/group-metadata.js';
import { TransactionPartitions } from '../transaction/transaction-partitions.js';
import {
  endTransaction,
  initIdempotence,
  initTransactionalId,
  type TransactionContext,
} from '../transaction/transaction-requests.js';
import { TransactionState } from '../transaction/transaction-state.js';
import { commitTransactionalOffsets, type OffsetToCommit } from '../transaction/transactional-offsets.js';
import { BatchSender } from './batch-sender.js';
import type { ProduceResult } from './pending-batch.js';
import { refused } from './produce-errors.js';
import { MAX_EPOCH, type ProducerIdentity } from './producer-identity.js';
import { resolveProducerOptions, type ProducerOptions, type ProducerSettings } from './producer-options.js';

/** The last version of Produce that leaves it to the client to add partitions to a transaction. */
const PRODUCE_WITHOUT_ADDING = 11;
const NO_IDENTITY: ProducerIdentity = { producerId: -1, epoch: -1 };

/**
 * Sends record batches, idempotently and, with a transactional id, in transactions.
 *
 * Batches of a partition reach the log once and in the order of `send`, whatever fails in between. In a transaction the
 * first failure spoils it: `commitTransaction` throws `MR_TRANSACTION_ABORTABLE`, and `abortTransaction` clears the way for
 * the next one. After `MR_PRODUCER_FENCED`, or when nobody knows how a transaction ended, only `start()` makes the producer
 * usable again; it ends what was left open.
 */
export class Producer implements Lifecycle {
  readonly #cluster: Cluster;
  readonly #settings: ProducerSettings;
  readonly #purpose: string;
  readonly #sender: BatchSender;
  readonly #state = new TransactionState();
  readonly #partitions: TransactionPartitions;
  #identity = NO_IDENTITY;
  #context: TransactionContext | undefined;
  #renewal: Promise<ProducerIdentity> | undefined;
  #unreportedFailure: Error | undefined;
  #mustRaiseEpoch = false;
  #offsetsSent: Promise<unknown> = Promise.resolve();
  #begunMs = 0;

  /**
   * @param cluster A started cluster.
   * @throws {ConfigurationError} (stop-app) naming everything that is wrong with the options.
   */
  constructor(cluster: Cluster, options: ProducerOptions = {}) {
    this.#cluster = cluster;
    this.#settings = resolveProducerOptions(options);
    this.#purpose = cluster.newPurpose('produce');
    this.#partitions = new TransactionPartitions(
      () => ({ context: this.#transaction(), identity: this.#identity }),
      () => this.#sender.schedule(),
      (error) => this.#spoil(error),
    );
    this.#sender = new BatchSender(cluster, this.#purpose, this.#settings, {
      identity: () => this.#identity,
      renewIdentity: (spoilt) => this.#renewIdentity(spoilt),
      maySend: (topic, partition) => this.#maySend(topic, partition),
      firstGoesAlone: () => this.#context?.version !== 2,
      produceVersionCap: () => (this.#context?.version === 1 ? PRODUCE_WITHOUT_ADDING : apis.Produce.maxVersion),
      failed: (error) => this.#spoil(error),
    });
  }

  /** Bytes of batches that are not yet acknowledged; what to hold against a limit for back pressure. */
  get bufferedBytes(): number {
    return this.#sender.bufferedBytes;
  }

  /** Greatest size of a batch, in bytes. */
  get maxRequestBytes(): number {
    return this.#settings.maxRequestBytes;
  }

  /** The cluster that this producer sends to. */
  get cluster(): Cluster {
    return this.#cluster;
  }

  /**
   * Gets an identity from the cluster. A transactional producer fences older ones with its id and ends what they left open.
   * Also the way back after the producer was fenced or lost track of a transaction.
   *
   * @throws {TransientError} (retry) when the coordinator cannot be reached.
   * @throws {FatalError} (stop-app) when the rights are missing.
   */
  async start(): Promise<void> {
    this.#state.to('starting');
    // First of all: what the earlier session still waits for must not touch this one.
    this.#partitions.clear();
    try {
      const { transactionalId, transactionTimeoutMs } = this.#settings;
      await this.#abandon(stoppedError('the producer'));
      this.#context = transactionalId === undefined ? undefined : this.#contextFor(transactionalId);
      this.#identity =
        this.#context === undefined
          ? await initIdempotence(this.#cluster)
          : await initTransactionalId(this.#context, transactionTimeoutMs);
      this.#sender.restart();
      this.#sender.resume();
      this.#unreportedFailure = undefined;
      this.#mustRaiseEpoch = false;
      this.#state.to('ready');
    } catch (error) {
      this.#state.fail('defunct', error);
      throw error;
    }
  }

  /** Waits for batches outside a transaction, aborts an open one, and ends the connections. */
  async stop(): Promise<void> {
    if (this.#state.phase === 'stopped') return;
    if (this.#state.phase === 'ready') await this.#sender.idle();
    if (this.#state.phase === 'open' || this.#state.phase === 'abortable') {
      // When this fails, the coordinator aborts the transaction after its timeout, or when the id is used again.
      await this.abortTransaction().catch(() => undefined);
    }
    this.#state.to('stopped');
    await this.#abandon(stoppedError('the producer'));
  }

  async #abandon(error: Error): Promise<void> {
    this.#sender.abandon(error);
    this.#cluster.closeLinks(this.#purpose);
    await this.#sender.idle();
  }

  /** Opens a transaction. Nothing is sent for it. @throws as {@link send} when the producer is not ready. */
  beginTransaction(): void {
    this.#transaction();
    this.#state.expect('begin a transaction', 'ready');
    this.#state.to('open');
    this.#begunMs = this.#cluster.clock.monotonicMs();
  }

  /**
   * Sends the builder's records as one batch. The builder may be reset as soon as this returns its promise. Batches that
   * are given in the same run of synchronous code share a request for each leader.
   *
   * @returns a promise of the batch's place in the log. It need not be awaited: {@link flush} and
   *   {@link commitTransaction} tell of failures too.
   * @throws {RecordError} (dead-letter) `MR_RECORD_TOO_LARGE` above `maxRequestBytes` or the topic's `max.message.bytes`.
   * @throws {TaskError} (restart-task) `MR_PRODUCER_FENCED`, or `MR_NETWORK_TIMEOUT` after `deliveryTimeoutMs`.
   * @throws {TransientError} (retry) `MR_TRANSACTION_ABORTABLE` when the transaction has failed: abort it and begin again.
   * @throws {FatalError} (stop-app) when the topic does not exist, the rights are missing, or no transaction is open.
   */
  send(topic: string, partition: number, batch: RecordBatchBuilder): Promise<ProduceResult> {
    const { phase } = this.#state;
    if (phase === (this.#context === undefined ? 'ready' : 'open')) return this.#sender.add(topic, partition, batch);
    return refused(this.#state.obstacle(`send to ${topic}-${partition}`));
  }

  /** Waits until every batch is acknowledged. @throws the first failure since the last flush. */
  async flush(): Promise<void> {
    await this.#sender.idle();
    const failure = this.#unreportedFailure;
    this.#unreportedFailure = undefined;
    if (failure !== undefined) throw failure;
  }

  /**
   * Commits offsets of a group as part of the open transaction, fenced by the member's generation (KIP-447).
   *
   * @throws {TaskError} (restart-task) `MR_GROUP_REBALANCED` when the partitions may belong to another member by now; the
   *   transaction must then be aborted. `MR_PRODUCER_FENCED` as {@link send}.
   */
  async sendOffsets(offsets: readonly OffsetToCommit[], group: GroupMetadata): Promise<void> {
    this.#state.expect('send offsets', 'open');
    if (offsets.length === 0) return;
    this.#partitions.markStarted();
    const sent = commitTransactionalOffsets(this.#transaction(), this.#identity, offsets, group);
    this.#offsetsSent = Promise.allSettled([this.#offsetsSent, sent]);
    try {
      await sent;
    } catch (error) {
      this.#spoil(error as Error);
      throw error;
    }
  }

  /**
   * Waits for every batch of the transaction, then commits it.
   *
   * @throws {TransientError} (retry) `MR_TRANSACTION_ABORTABLE` when a batch or the commit was refused: abort.
   * @throws {TaskError} (restart-task) `MR_PRODUCER_FENCED`; `MR_NETWORK_TIMEOUT` when nobody knows whether it was committed.
   */
  async commitTransaction(): Promise<void> {
    this.#state.expect('commit', 'open');
    await this.#quiet();
    this.#state.expect('commit', 'open');
    await this.#end(true);
  }

  /** Drops what was not yet sent and aborts the transaction. Throws as {@link commitTransaction}. */
  async abortTransaction(): Promise<void> {
    this.#state.expect('abort', 'open', 'abortable');
    const dropped = this.#sender.abandon(new TransientError('MR_TRANSACTION_ABORTABLE', 'the transaction was aborted'));
    this.#mustRaiseEpoch ||= dropped && this.#transaction().version === 1;
    await this.#quiet();
    this.#state.expect('abort', 'open', 'abortable');
    await this.#end(false);
  }

  /** Nothing of the transaction may be under way when it ends: what comes later would open another one. */
  async #quiet(): Promise<void> {
    await this.#sender.idle();
    await this.#partitions.quiet();
    await this.#offsetsSent;
  }

  async #end(committed: boolean): Promise<void> {
    const context = this.#transaction();
    this.#state.to('ending');
    try {
      if (this.#partitions.hasStarted) {
        this.#adopt(await endTransaction(context, this.#identity, committed));
      }
      if (this.#mustRaiseEpoch) await this.#raiseEpoch(context);
      this.#partitions.clear();
      this.#unreportedFailure = undefined;
      this.#sender.resume();
      this.#state.to('ready');
    } catch (error) {
      throw this.#endFailed(error, committed);
    }
    clientChannels.transaction.publish({
      transactionalId: context.transactionalId,
      event: committed ? 'committed' : 'aborted',
      durationMs: this.#cluster.clock.monotonicMs() - this.#begunMs,
    });
  }

  #endFailed(error: unknown, committed: boolean): unknown {
    if (error instanceof TransientError && error.code === 'MR_TRANSACTION_ABORTABLE') {
      this.#state.fail('abortable', error);
      return error;
    }
    this.#state.fail('defunct', error);
    if (!mayBeRepeated(error)) return error;
    const what = committed ? 'committed' : 'aborted';
    const message = `nobody knows whether the transaction of '${this.#settings.transactionalId}' was ${what}: start the producer again`;
    return new TaskError('MR_NETWORK_TIMEOUT', message, { cause: error });
  }

  /** Version 1: copies of requests that got no answer must not reach a later transaction, so they get an older epoch. */
  async #raiseEpoch(context: TransactionContext): Promise<void> {
    this.#adopt(await initTransactionalId(context, this.#settings.transactionTimeoutMs, this.#identity));
    this.#mustRaiseEpoch = false;
  }

  #adopt(identity: ProducerIdentity): void {
    if (identity.producerId === this.#identity.producerId && identity.epoch === this.#identity.epoch) return;
    this.#identity = identity;
    this.#sender.restart();
  }

  #maySend(topic: string, partition: number): boolean {
    if (this.#context === undefined) return true;
    if (this.#state.phase !== 'open') return false;
    return this.#context.version === 2 ? this.#partitions.markStarted() : this.#partitions.isAdded(topic, partition);
  }

  #spoil(error: Error): void {
    this.#unreportedFailure ??= error;
    if (this.#context === undefined) return;
    const fenced = error instanceof TaskError && error.code === 'MR_PRODUCER_FENCED';
    this.#mustRaiseEpoch ||= this.#context.version === 1;
    this.#state.fail(fenced ? 'defunct' : 'abortable', error);
    if (fenced) {
      const { transactionalId } = this.#context;
      clientChannels.transaction.publish({
        transactionalId,
        event: 'fenced',
        durationMs: this.#cluster.clock.monotonicMs() - this.#begunMs,
      });
    }
    this.#sender.abandon(this.#state.obstacle('send'));
  }

  /** Without transactions an epoch can be raised without asking; the broker accepts the next one at sequence 0. */
  #renewIdentity(spoilt: ProducerIdentity): Promise<ProducerIdentity> {
    if (spoilt !== this.#identity) return Promise.resolve(this.#identity);
    if (spoilt.epoch < MAX_EPOCH) {
      this.#identity = { producerId: spoilt.producerId, epoch: spoilt.epoch + 1 };
      return Promise.resolve(this.#identity);
    }
    this.#renewal ??= initIdempotence(this.#cluster)
      .then((identity) => (this.#identity = identity))
      .finally(() => (this.#renewal = undefined));
    return this.#renewal;
  }

  #contextFor(transactionalId: string): TransactionContext {
    const { maxTransactionVersion, deliveryTimeoutMs: timeoutMs } = this.#settings;
    const offered = this.#cluster.features.transactionVersion;
    const version = Math.min(offered, maxTransactionVersion) >= 2 ? 2 : 1;
    const unanswered = (): void => void (this.#mustRaiseEpoch ||= version === 1);
    return { cluster: this.#cluster, purpose: this.#purpose, transactionalId, version, timeoutMs, unanswered };
  }

  #transaction(): TransactionContext {
    if (this.#context !== undefined) return this.#context;
    throw new FatalError('MR_LIFECYCLE_ORDER', 'the producer has no transactional id or is not started');
  }
}
