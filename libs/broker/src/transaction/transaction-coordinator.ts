/**
 * The coordinator of transactions, with Kafka's rules for both transaction versions.
 *
 * Version 1: the producer adds partitions and groups with requests of their own, and its epoch changes only on InitProducerId.
 * Version 2 (KIP-890): they are added by the first Produce or TxnOffsetCommit, and each end bumps the epoch, so that
 * nothing that is late can reach into the next transaction.
 */
import type { Clock } from '@millrace/kernel';
import { ErrorCodes } from '@millrace/protocol';
import { orWhenStorageFails } from '../storage/storage-failures.js';
import type { Journal } from '../storage/journal.js';
import type { JournalEntry } from '../storage/journal-entry.js';
import { endVerdict, epochToReturn } from './end-rules.js';
import { ProducerIds } from './producer-ids.js';
import { isEpochExhausted, type Transaction } from './transaction.js';
import { TransactionEnding, type TransactionEndingOptions } from './transaction-ending.js';
import { TransactionRegistry } from './transaction-registry.js';

/** The longest transaction that a producer may ask for (Kafka: `transaction.max.timeout.ms`). */
const MAX_TIMEOUT_MS = 900_000;

/** When an abort that the state directory refused is tried again. */
const RETRY_ABORT_AFTER_MS = 1000;

export interface TransactionCoordinatorOptions extends Omit<TransactionEndingOptions, 'registry'> {
  /** The finalized `transaction.version`: how transactions end that the broker itself aborts. */
  readonly transactionVersion: 1 | 2;
}

/** A producer as it names itself in a request. */
export interface ProducerIdentity {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** An answer that carries a producer's id and epoch; both -1 unless the error code is NONE. */
export interface ProducerAnswer {
  readonly errorCode: number;
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** What a transaction is to include from now on. */
export interface Participants {
  readonly partitions: readonly (readonly [topic: string, partition: number])[];
  readonly groups: readonly string[];
}

export class TransactionCoordinator {
  readonly #clock: Clock;
  readonly #transactionVersion: 1 | 2;
  readonly #producerIds = new ProducerIds();
  readonly #registry = new TransactionRegistry();
  readonly #ending: TransactionEnding;

  constructor(options: TransactionCoordinatorOptions) {
    this.#clock = options.clock;
    this.#transactionVersion = options.transactionVersion;
    this.#ending = new TransactionEnding({ ...options, registry: this.#registry });
  }

  /** Takes note of a recovered fact. */
  apply(entry: JournalEntry): void {
    this.#producerIds.apply(entry);
    this.#registry.apply(entry);
  }

  /** Finishes what had been decided, and lets time run for what is still ongoing. The logs must be open. */
  open(journal: Journal): void {
    this.#producerIds.open(journal);
    this.#registry.open(journal);
    for (const transaction of this.#registry.all()) {
      this.#ending.resume(transaction);
      if (transaction.state === 'Ongoing') this.#armTimeout(transaction);
    }
  }

  *snapshot(): Iterable<JournalEntry> {
    yield* this.#producerIds.snapshot();
    yield* this.#registry.snapshot();
  }

  close(): void {
    for (const transaction of this.#registry.all()) transaction.timer?.cancel();
  }

  /** A producer id for a producer that is idempotent but not transactional. */
  newProducerId(): ProducerAnswer {
    return { errorCode: ErrorCodes.NONE, producerId: this.#producerIds.next(), producerEpoch: 0 };
  }

  /**
   * Gives a transactional producer its id and a new epoch, and thereby fences older ones. While a transaction of an older one
   * is open, it is aborted and the answer is CONCURRENT_TRANSACTIONS: try again.
   *
   * @param expected id and epoch that the producer believes it has, or -1 and -1.
   */
  initProducerId(expected: ProducerIdentity, timeoutMs: number): ProducerAnswer {
    if (expected.transactionalId === '') return failed(ErrorCodes.INVALID_REQUEST);
    if (timeoutMs <= 0 || timeoutMs > MAX_TIMEOUT_MS) return failed(ErrorCodes.INVALID_TRANSACTION_TIMEOUT);
    const transaction =
      this.#registry.get(expected.transactionalId) ??
      this.#registry.add(expected.transactionalId, this.#producerIds.next(), timeoutMs);
    if (!mayContinue(transaction, expected)) return failed(ErrorCodes.PRODUCER_FENCED);
    switch (transaction.state) {
      case 'PrepareCommit':
      case 'PrepareAbort':
        return failed(ErrorCodes.CONCURRENT_TRANSACTIONS);
      case 'Ongoing':
        this.#fenceAndAbort(transaction);
        return failed(ErrorCodes.CONCURRENT_TRANSACTIONS);
      case 'Empty':
      case 'CompleteCommit':
      case 'CompleteAbort':
        return this.#bumpEpoch(transaction, expected, timeoutMs);
    }
  }

  /** Adds partitions and groups to the producer's transaction, and begins one if none is open. @returns the error code. */
  add(producer: ProducerIdentity, added: Participants): number {
    const transaction = this.#registry.get(producer.transactionalId);
    const errorCode = identityError(transaction, producer);
    if (transaction === undefined || errorCode !== ErrorCodes.NONE) return errorCode;
    const partitions = added.partitions.filter(([topic, index]) => !transaction.hasPartition(topic, index));
    const groups = added.groups.filter((groupId) => !transaction.hasGroup(groupId));
    const isOngoing = transaction.state === 'Ongoing';
    if (isOngoing && partitions.length === 0 && groups.length === 0) return ErrorCodes.NONE;
    this.#registry.change(transaction, {
      state: 'Ongoing',
      partitions: [...transaction.entry.partitions, ...partitions],
      groups: [...transaction.entry.groups, ...groups],
      startedAtMs: isOngoing ? transaction.entry.startedAtMs : this.#clock.nowMs(),
    });
    if (!isOngoing) this.#armTimeout(transaction);
    return ErrorCodes.NONE;
  }

  /** Whether everything named was added before (KIP-890, first part); TRANSACTION_ABORTABLE if not. @returns the error code. */
  verify(producer: ProducerIdentity, wanted: Participants): number {
    const transaction = this.#registry.get(producer.transactionalId);
    const errorCode = identityError(transaction, producer);
    if (transaction === undefined || errorCode !== ErrorCodes.NONE) return errorCode;
    const isIncluded =
      wanted.partitions.every(([topic, index]) => transaction.hasPartition(topic, index)) &&
      wanted.groups.every((groupId) => transaction.hasGroup(groupId));
    return isIncluded ? ErrorCodes.NONE : ErrorCodes.TRANSACTION_ABORTABLE;
  }

  /** Commits or aborts. With version 2 the answer carries the id and epoch for the next transaction. */
  end(producer: ProducerIdentity, outcome: 'commit' | 'abort', version: 1 | 2): ProducerAnswer {
    if (producer.transactionalId === '') return failed(ErrorCodes.INVALID_REQUEST);
    const transaction = this.#registry.get(producer.transactionalId);
    if (transaction === undefined) return failed(ErrorCodes.INVALID_PRODUCER_ID_MAPPING);
    const verdict = endVerdict(transaction, producer, outcome, version);
    if (verdict.kind === 'refuse') return failed(verdict.errorCode);
    if (verdict.kind === 'end') {
      const needsNewId = version === 2 && isEpochExhausted(transaction.producerEpoch);
      const nextProducerId = needsNewId ? this.#producerIds.next() : -1;
      this.#ending.end(transaction, { outcome, version, bumpsEpoch: version === 2, nextProducerId });
    }
    return { errorCode: ErrorCodes.NONE, ...epochToReturn(transaction) };
  }

  #bumpEpoch(transaction: Transaction, expected: ProducerIdentity, timeoutMs: number): ProducerAnswer {
    const { producerId, producerEpoch, lastProducerEpoch } = transaction.entry;
    const isExpected = expected.producerId !== -1;
    const fresh = { state: 'Empty', timeoutMs, partitions: [], groups: [], startedAtMs: -1 } as const;
    if (isEpochExhausted(producerEpoch) && (!isExpected || expected.producerEpoch === producerEpoch)) {
      this.#registry.change(transaction, {
        ...fresh,
        previousProducerId: producerId,
        producerId: this.#producerIds.next(),
        producerEpoch: 0,
        lastProducerEpoch: isExpected ? producerEpoch : -1,
      });
    } else if (!isExpected || producerEpoch === -1 || expected.producerEpoch === producerEpoch) {
      const next = { producerEpoch: producerEpoch + 1, lastProducerEpoch: isExpected ? producerEpoch : -1 };
      this.#registry.change(transaction, { ...fresh, ...next, previousProducerId: producerId });
    } else if (expected.producerEpoch !== lastProducerEpoch) return failed(ErrorCodes.PRODUCER_FENCED);
    // Else the last epoch is expected: this is a retry of a request that was carried out, so nothing is bumped.
    return { errorCode: ErrorCodes.NONE, producerId: transaction.producerId, producerEpoch: transaction.producerEpoch };
  }

  /** Aborts on the broker's own account. The bumped epoch is never given to anyone, so the producer is fenced. */
  #fenceAndAbort(transaction: Transaction): void {
    const version = this.#transactionVersion;
    this.#ending.end(transaction, { outcome: 'abort', version, bumpsEpoch: true, nextProducerId: -1 });
  }

  #armTimeout(transaction: Transaction): void {
    const { startedAtMs, timeoutMs } = transaction.entry;
    this.#abortAfter(transaction, Math.max(0, startedAtMs + timeoutMs - this.#clock.nowMs()));
  }

  #abortAfter(transaction: Transaction, delayMs: number): void {
    const abort = (): void => {
      if (transaction.state !== 'Ongoing') return;
      orWhenStorageFails(
        () => this.#fenceAndAbort(transaction),
        () => this.#abortAfter(transaction, RETRY_ABORT_AFTER_MS),
      );
    };
    transaction.timer?.cancel();
    transaction.timer = this.#clock.setTimer(delayMs, abort, { unref: true });
  }
}

/** Whether a producer that names an id and epoch of its own may go on with this transactional id. */
function mayContinue(transaction: Transaction, expected: ProducerIdentity): boolean {
  const { producerEpoch, producerId, previousProducerId } = transaction.entry;
  if (expected.producerId === -1 || producerEpoch === -1 || expected.producerId === producerId) return true;
  // It may have missed the answer that gave it another producer id.
  return expected.producerId === previousProducerId && isEpochExhausted(expected.producerEpoch);
}

function identityError(transaction: Transaction | undefined, producer: ProducerIdentity): number {
  if (producer.transactionalId === '') return ErrorCodes.INVALID_REQUEST;
  if (transaction === undefined || transaction.producerId !== producer.producerId) {
    return ErrorCodes.INVALID_PRODUCER_ID_MAPPING;
  }
  if (transaction.producerEpoch !== producer.producerEpoch) return ErrorCodes.PRODUCER_FENCED;
  return transaction.isEnding ? ErrorCodes.CONCURRENT_TRANSACTIONS : ErrorCodes.NONE;
}

function failed(errorCode: number): ProducerAnswer {
  return { errorCode, producerId: -1, producerEpoch: -1 };
}
