/**
 * The idempotent and transactional producers of one partition.
 *
 * Invariants, as in Kafka's ProducerStateManager: an epoch never goes back; sequences of an epoch begin at 0 and have no gaps;
 * a retry of one of the last five batches is recognised and not appended again; a transaction is open in the partition
 * from its first batch to its marker; the last stable offset is where the oldest open one begins.
 */
import { ErrorCodes, incrementSequence, type BatchHeader } from '@millrace/protocol';
import { AbortedTransactions } from './aborted-transactions.js';
import { ProducerEntry } from './producer-entry.js';

/** What to do with a batch: append it, answer with the offset of its first delivery, or refuse it. */
export type AppendVerdict =
  | { readonly kind: 'append' }
  | { readonly kind: 'duplicate'; readonly baseOffset: number }
  | { readonly kind: 'refuse'; readonly errorCode: number; readonly reason: string };

/** How long a producer without an open transaction is remembered after its last append (Kafka: `producer.id.expiration.ms`). */
const EXPIRATION_MS = 24 * 60 * 60 * 1000;
const SWEEP_EVERY_MS = 10 * 60 * 1000;

const APPEND: AppendVerdict = { kind: 'append' };

export class ProducerStates {
  readonly aborted = new AbortedTransactions();
  readonly #entries = new Map<number, ProducerEntry>();
  /** Where each open transaction begins, by producer id. */
  readonly #open = new Map<number, number>();
  #sweptAtMs = 0;

  /** Judges a batch of a client by its producer id, epoch and sequence. */
  judge(header: BatchHeader): AppendVerdict {
    const entry = this.#entries.get(header.producerId);
    const lastSequence = lastSequenceOf(header);
    if (entry === undefined) {
      return header.isTransactional && header.baseSequence !== 0 ? outOfOrder(header, -1) : APPEND;
    }
    const duplicateOffset = entry.duplicateOf(header, lastSequence);
    if (duplicateOffset !== undefined) return { kind: 'duplicate', baseOffset: duplicateOffset };
    if (header.producerEpoch < entry.epoch) {
      return refuse(
        ErrorCodes.INVALID_PRODUCER_EPOCH,
        `producer ${header.producerId} has epoch ${header.producerEpoch}, but ${entry.epoch} was seen already`,
      );
    }
    const expected =
      header.producerEpoch > entry.epoch || entry.lastSequence === -1 ? 0 : incrementSequence(entry.lastSequence, 1);
    if (header.baseSequence !== expected) return outOfOrder(header, expected - 1);
    if (entry.transactionFirstOffset !== -1 && !header.isTransactional) {
      return refuse(
        ErrorCodes.INVALID_TXN_STATE,
        `producer ${header.producerId} has an open transaction but sent a batch outside of it`,
      );
    }
    return APPEND;
  }

  /** Takes note of a data batch that was appended. */
  record(header: BatchHeader, nowMs: number): void {
    if (header.producerId < 0) return;
    this.#sweep(nowMs);
    const entry = this.#entry(header.producerId);
    entry.remember(header, lastSequenceOf(header), nowMs);
    if (header.isTransactional && entry.transactionFirstOffset === -1) {
      entry.transactionFirstOffset = header.baseOffset;
      this.#open.set(header.producerId, header.baseOffset);
    }
  }

  /** Takes note of a commit or abort marker at `offset`. */
  complete(producerId: number, producerEpoch: number, offset: number, isAbort: boolean, nowMs: number): void {
    const entry = this.#entry(producerId);
    const firstOffset = entry.transactionFirstOffset;
    entry.moveTo(producerEpoch, nowMs);
    entry.transactionFirstOffset = -1;
    this.#open.delete(producerId);
    if (isAbort && firstOffset !== -1) {
      const lastStableOffset = this.lastStableOffset(offset + 1);
      this.aborted.add({ producerId, firstOffset, lastOffset: offset, lastStableOffset });
    }
  }

  /** Where the oldest open transaction begins, or the end of the log when none is open. */
  lastStableOffset(logEndOffset: number): number {
    let stable = logEndOffset;
    for (const firstOffset of this.#open.values()) if (firstOffset < stable) stable = firstOffset;
    return stable;
  }

  /** Whether the producer's transaction is open in this partition under exactly this epoch. */
  isInTransaction(producerId: number, producerEpoch: number): boolean {
    return this.#open.has(producerId) && this.#entries.get(producerId)?.epoch === producerEpoch;
  }

  #entry(producerId: number): ProducerEntry {
    let entry = this.#entries.get(producerId);
    if (entry === undefined) {
      entry = new ProducerEntry();
      this.#entries.set(producerId, entry);
    }
    return entry;
  }

  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptAtMs < SWEEP_EVERY_MS) return;
    this.#sweptAtMs = nowMs;
    for (const [producerId, entry] of this.#entries) {
      if (nowMs - entry.lastAppendMs > EXPIRATION_MS && entry.transactionFirstOffset === -1) {
        this.#entries.delete(producerId);
      }
    }
  }
}

function lastSequenceOf(header: BatchHeader): number {
  return incrementSequence(header.baseSequence, header.lastOffset - header.baseOffset);
}

function outOfOrder(header: BatchHeader, last: number): AppendVerdict {
  return refuse(
    ErrorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER,
    `producer ${header.producerId} sent sequence ${header.baseSequence}, but ${last} was its last one`,
  );
}

function refuse(errorCode: number, reason: string): AppendVerdict {
  return { kind: 'refuse', errorCode, reason };
}
