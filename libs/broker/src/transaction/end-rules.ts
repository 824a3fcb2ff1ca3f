/** When EndTxn ends a transaction, when it is a retry of one that did, and when it is refused (as in Kafka). */
import { ErrorCodes } from '@millrace/protocol';
import type { Transaction } from './transaction.js';
import type { ProducerIdentity } from './transaction-coordinator.js';

export type EndVerdict =
  { readonly kind: 'end' } | { readonly kind: 'done-before' } | { readonly kind: 'refuse'; readonly errorCode: number };

const END: EndVerdict = { kind: 'end' };
const DONE_BEFORE: EndVerdict = { kind: 'done-before' };
const INVALID_STATE = refuse(ErrorCodes.INVALID_TXN_STATE);
const FENCED = refuse(ErrorCodes.PRODUCER_FENCED);

export function endVerdict(
  transaction: Transaction,
  producer: ProducerIdentity,
  outcome: 'commit' | 'abort',
  version: 1 | 2,
): EndVerdict {
  return version === 1 ? endVersion1(transaction, producer, outcome) : endVersion2(transaction, producer, outcome);
}

/** The id and epoch that an answer to EndTxn carries: while markers are still being written, those of the next transaction. */
export function epochToReturn(transaction: Transaction): { producerId: number; producerEpoch: number } {
  const { producerId, producerEpoch, nextProducerId } = transaction.entry;
  return nextProducerId === -1 ? { producerId, producerEpoch } : { producerId: nextProducerId, producerEpoch: 0 };
}

function endVersion1(transaction: Transaction, producer: ProducerIdentity, outcome: 'commit' | 'abort'): EndVerdict {
  if (transaction.producerId !== producer.producerId) return refuse(ErrorCodes.INVALID_PRODUCER_ID_MAPPING);
  if (transaction.producerEpoch !== producer.producerEpoch) return FENCED;
  switch (transaction.state) {
    case 'Ongoing':
      return END;
    case 'CompleteCommit':
    case 'CompleteAbort':
      return isSameEnd(transaction, outcome) ? DONE_BEFORE : INVALID_STATE;
    case 'PrepareCommit':
    case 'PrepareAbort':
      return isSameEnd(transaction, outcome) ? refuse(ErrorCodes.CONCURRENT_TRANSACTIONS) : INVALID_STATE;
    case 'Empty':
      return INVALID_STATE;
  }
}

/**
 * With version 2 the epoch tells a retry from the next end: a retry still carries the epoch before the bump. Aborting a
 * transaction to which nothing was added is in order and bumps the epoch; committing one is not.
 */
function endVersion2(transaction: Transaction, producer: ProducerIdentity, outcome: 'commit' | 'abort'): EndVerdict {
  const { producerEpoch, producerId, previousProducerId, version } = transaction.entry;
  const isCurrent = producer.producerId === producerId && producer.producerEpoch === producerEpoch;
  const isRetry = version === 2 && producer.producerId === producerId && producer.producerEpoch === producerEpoch - 1;
  const isRetryAcrossIds =
    version === 2 &&
    producer.producerId === previousProducerId &&
    producerEpoch === 0 &&
    producer.producerEpoch === 32766;
  if (producer.producerId !== producerId && !isRetryAcrossIds) return refuse(ErrorCodes.INVALID_PRODUCER_ID_MAPPING);
  switch (transaction.state) {
    case 'Ongoing':
      return isCurrent ? END : FENCED;
    case 'Empty':
      if (!isCurrent) return FENCED;
      return outcome === 'abort' ? END : INVALID_STATE;
    case 'CompleteCommit':
    case 'CompleteAbort':
      if (isRetry || isRetryAcrossIds) return isSameEnd(transaction, outcome) ? DONE_BEFORE : INVALID_STATE;
      if (!isCurrent) return FENCED;
      return outcome === 'abort' ? END : INVALID_STATE;
    case 'PrepareCommit':
    case 'PrepareAbort':
      if (!isRetry) return FENCED;
      return isSameEnd(transaction, outcome) ? refuse(ErrorCodes.CONCURRENT_TRANSACTIONS) : INVALID_STATE;
  }
}

function isSameEnd(transaction: Transaction, outcome: 'commit' | 'abort'): boolean {
  return (
    transaction.state === (outcome === 'commit' ? 'PrepareCommit' : 'PrepareAbort') ||
    transaction.state === (outcome === 'commit' ? 'CompleteCommit' : 'CompleteAbort')
  );
}

function refuse(errorCode: number): EndVerdict {
  return { kind: 'refuse', errorCode };
}
