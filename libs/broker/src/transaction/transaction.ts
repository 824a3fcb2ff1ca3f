import { brokerChannels } from '../diagnostics/channels.js';
import type { TransactionEntry } from '../storage/journal-entry.js';
import { mayMove, type TransactionState } from './transaction-state.js';
import type { Timer } from '@millrace/kernel';

/** The greatest epoch that a producer is given; the one above it is kept for fencing it. */
const LAST_PRODUCER_EPOCH = 32766;

export function isEpochExhausted(producerEpoch: number): boolean {
  return producerEpoch >= LAST_PRODUCER_EPOCH;
}

/** What a transactional id looks like before its first InitProducerId was answered. */
export function newTransaction(transactionalId: string, producerId: number, timeoutMs: number): TransactionEntry {
  return {
    type: 'transaction',
    transactionalId,
    producerId,
    previousProducerId: -1,
    nextProducerId: -1,
    producerEpoch: -1,
    lastProducerEpoch: -1,
    timeoutMs,
    state: 'Empty',
    partitions: [],
    groups: [],
    startedAtMs: -1,
    version: 1,
  };
}

/** The fields of a transaction that a transition may change. */
export type TransactionChange = Partial<Omit<TransactionEntry, 'type' | 'transactionalId' | 'state'>> & {
  readonly state: TransactionState;
};

/** A transactional id and where its current transaction stands. */
export class Transaction {
  /** Aborts the transaction when it takes too long, or tries again to end it. */
  timer: Timer | undefined;
  #entry: TransactionEntry;
  #partitions = new Set<string>();

  constructor(entry: TransactionEntry) {
    this.#entry = entry;
    this.#index();
  }

  /** The present state as the journal holds it. */
  get entry(): TransactionEntry {
    return this.#entry;
  }

  get id(): string {
    return this.#entry.transactionalId;
  }

  get state(): TransactionState {
    return this.#entry.state as TransactionState;
  }

  get producerId(): number {
    return this.#entry.producerId;
  }

  get producerEpoch(): number {
    return this.#entry.producerEpoch;
  }

  get isEnding(): boolean {
    return this.state === 'PrepareCommit' || this.state === 'PrepareAbort';
  }

  hasPartition(topic: string, partition: number): boolean {
    return this.#partitions.has(`${topic}/${partition}`);
  }

  hasGroup(groupId: string): boolean {
    return this.#entry.groups.includes(groupId);
  }

  /** The entry after a change, checked against the transitions that are allowed; the transaction itself is unchanged. */
  changed(change: TransactionChange): TransactionEntry {
    if (!mayMove(this.state, change.state)) {
      throw new Error(`transaction ${this.id} cannot move from ${this.state} to ${change.state}`);
    }
    return { ...this.#entry, ...change };
  }

  /** Takes over what is in the journal by now. The one place that changes a transaction's state. */
  moveTo(entry: TransactionEntry): void {
    const from = this.state;
    this.#entry = entry;
    this.#index();
    brokerChannels.transactionState.publish({
      transactionalId: entry.transactionalId,
      producerId: entry.producerId,
      producerEpoch: entry.producerEpoch,
      from,
      to: entry.state,
    });
  }

  #index(): void {
    this.#partitions = new Set(this.#entry.partitions.map(([topic, partition]) => `${topic}/${partition}`));
  }
}
