/**
 * Ends transactions: decides, writes markers, makes offsets visible.
 *
 * Invariants: the decision is in the journal before the first marker is written, so a transaction is never half visible
 * after a crash; every step can be repeated; nothing else happens to a transaction between decision and completion.
 */
import { describeError, type Clock } from '@millrace/kernel';
import { brokerChannels } from '../diagnostics/channels.js';
import type { OffsetStore } from '../group/offset-store.js';
import { StorageError } from '../storage/storage-error.js';
import type { TopicCatalog } from '../topics/topic-catalog.js';
import type { Transaction } from './transaction.js';
import type { TransactionRegistry } from './transaction-registry.js';

const RETRY_AFTER_MS = 1000;

export interface TransactionEndingOptions {
  readonly clock: Clock;
  readonly topics: TopicCatalog;
  readonly offsets: OffsetStore;
  readonly registry: TransactionRegistry;
  /** Whether what a commit makes visible is forced to the disk first. */
  readonly syncOnCommit: boolean;
}

/** How a transaction is to end. */
export interface Decision {
  readonly outcome: 'commit' | 'abort';
  readonly version: 1 | 2;
  /** Whether the producer's epoch is bumped: by each end of transaction version 2 (KIP-890), and to fence the producer. */
  readonly bumpsEpoch: boolean;
  /** The producer id that takes over when the epoch is exhausted, or -1. */
  readonly nextProducerId: number;
}

export class TransactionEnding {
  readonly #options: TransactionEndingOptions;

  constructor(options: TransactionEndingOptions) {
    this.#options = options;
  }

  /** Decides and carries out. @throws {StorageError} (stop-app) when the decision could not be made durable; then there is none. */
  end(transaction: Transaction, decision: Decision): void {
    const { registry, clock } = this.#options;
    const { producerEpoch, startedAtMs } = transaction.entry;
    const state = decision.outcome === 'commit' ? 'PrepareCommit' : 'PrepareAbort';
    if (decision.outcome === 'commit') this.#syncData(transaction);
    const bumped = { producerEpoch: Math.min(producerEpoch + 1, 32767), lastProducerEpoch: producerEpoch };
    registry.change(transaction, {
      state,
      version: decision.version,
      nextProducerId: decision.nextProducerId,
      startedAtMs: startedAtMs === -1 ? clock.nowMs() : startedAtMs,
      ...(decision.bumpsEpoch ? bumped : {}),
    });
    transaction.timer?.cancel();
    if (this.#options.syncOnCommit && decision.outcome === 'commit') registry.sync();
    this.#carryOut(transaction);
  }

  /** Finishes what was decided before the broker stopped. */
  resume(transaction: Transaction): void {
    if (!transaction.isEnding) return;
    brokerChannels.transactionResumed.publish({
      transactionalId: transaction.id,
      outcome: transaction.state === 'PrepareCommit' ? 'commit' : 'abort',
      partitions: transaction.entry.partitions.length,
    });
    this.#carryOut(transaction);
  }

  #carryOut(transaction: Transaction): void {
    const { topics, offsets, registry, clock } = this.#options;
    const { producerId, producerEpoch, partitions, groups } = transaction.entry;
    const isCommit = transaction.state === 'PrepareCommit';
    try {
      for (const [topic, index] of partitions) {
        // A topic that was deleted meanwhile takes its part of the transaction with it.
        topics.partition(topic, index)?.endTransaction(isCommit ? 'commit' : 'abort', producerId, producerEpoch);
      }
      for (const groupId of groups) offsets.endTransaction(groupId, producerId, isCommit);
      registry.change(transaction, completion(transaction, isCommit));
    } catch (failure) {
      if (!(failure instanceof StorageError)) throw failure;
      // The decision stands. Until it is carried out, the producer is told CONCURRENT_TRANSACTIONS.
      brokerChannels.storageFailed.publish({ file: `transaction ${transaction.id}`, reason: describeError(failure) });
      transaction.timer = clock.setTimer(RETRY_AFTER_MS, () => this.#carryOut(transaction), { unref: true });
    }
  }

  #syncData(transaction: Transaction): void {
    if (!this.#options.syncOnCommit) return;
    for (const [topic, index] of transaction.entry.partitions) this.#options.topics.partition(topic, index)?.sync();
  }
}

/** What a transactional id becomes when all markers are written. */
function completion(transaction: Transaction, isCommit: boolean): Parameters<TransactionRegistry['change']>[1] {
  const { producerId, producerEpoch, nextProducerId, version } = transaction.entry;
  const ended = {
    state: isCommit ? 'CompleteCommit' : 'CompleteAbort',
    partitions: [],
    groups: [],
    nextProducerId: -1,
  } as const;
  if (version === 1) return ended;
  if (nextProducerId === -1) return { ...ended, previousProducerId: producerId };
  return {
    ...ended,
    previousProducerId: producerId,
    producerId: nextProducerId,
    producerEpoch: 0,
    lastProducerEpoch: producerEpoch,
  };
}
