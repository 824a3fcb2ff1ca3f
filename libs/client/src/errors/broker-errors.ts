import {
  FatalError,
  RecordError,
  TaskError,
  TransientError,
  isMillraceError,
  type ErrorPlace,
  type MillraceError,
} from '@millrace/kernel';
import { ErrorCodes, errorName, isRetriable } from '@millrace/protocol';

const GROUP_MOVED_ON: ReadonlySet<number> = new Set([
  ErrorCodes.ILLEGAL_GENERATION,
  ErrorCodes.STALE_MEMBER_EPOCH,
  ErrorCodes.UNKNOWN_MEMBER_ID,
  ErrorCodes.REBALANCE_IN_PROGRESS,
]);

const PRODUCER_REPLACED: ReadonlySet<number> = new Set([
  ErrorCodes.PRODUCER_FENCED,
  ErrorCodes.INVALID_PRODUCER_EPOCH,
  ErrorCodes.INVALID_PRODUCER_ID_MAPPING,
]);

const TRANSACTION_MUST_ABORT: ReadonlySet<number> = new Set([
  ErrorCodes.TRANSACTION_ABORTABLE,
  ErrorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER,
  ErrorCodes.UNKNOWN_PRODUCER_ID,
]);

const TOO_LARGE: ReadonlySet<number> = new Set([ErrorCodes.MESSAGE_TOO_LARGE, ErrorCodes.RECORD_LIST_TOO_LARGE]);

/**
 * The error of this library for an error code that a broker answered with.
 *
 * What may be repeated becomes a {@link TransientError}, what fences a member or a producer a {@link TaskError}, a refused
 * record a {@link RecordError}, and everything that only a person can repair a {@link FatalError}.
 *
 * @param what What was asked, as the beginning of a sentence: `'Produce to orders-3'`.
 * @param remedy What the reader can do about it, where the code alone does not say.
 */
export function brokerError(code: number, what: string, place: ErrorPlace = {}, remedy = ''): MillraceError {
  const kafkaError = errorName(code);
  const message = `${what} was answered with ${kafkaError}${remedy === '' ? '' : `: ${remedy}`}`;
  const options = { place: { ...place, kafkaError } };
  if (GROUP_MOVED_ON.has(code)) return new TaskError('MR_GROUP_REBALANCED', message, options);
  if (PRODUCER_REPLACED.has(code)) return new TaskError('MR_PRODUCER_FENCED', message, options);
  if (TRANSACTION_MUST_ABORT.has(code)) return new TransientError('MR_TRANSACTION_ABORTABLE', message, options);
  if (TOO_LARGE.has(code)) return new RecordError('MR_RECORD_TOO_LARGE', message, options);
  if (isRetriable(code)) return new TransientError('MR_BROKER_RETRIABLE', message, options);
  switch (code) {
    case ErrorCodes.INVALID_RECORD:
      return new RecordError('MR_RECORD_REJECTED', message, options);
    case ErrorCodes.OFFSET_OUT_OF_RANGE:
      return new TaskError('MR_OFFSET_OUT_OF_RANGE', message, options);
    case ErrorCodes.INVALID_TXN_STATE:
      return new TaskError('MR_TRANSACTION_ABORTABLE', message, options);
    case ErrorCodes.FENCED_INSTANCE_ID:
      return new FatalError(
        'MR_TASK_FENCED',
        `${message}: another process runs with the same group.instance.id`,
        options,
      );
    case ErrorCodes.UNSUPPORTED_VERSION:
      return new FatalError('MR_PROTOCOL_UNSUPPORTED', message, options);
    default:
      return new FatalError('MR_BROKER_REFUSED', message, options);
  }
}

/** Throws {@link brokerError} unless the code is NONE. */
export function throwOnError(code: number, what: string, place?: ErrorPlace, remedy?: string): void {
  if (code !== ErrorCodes.NONE) throw brokerError(code, what, place, remedy);
}

/** Whether the very same request may be sent again: the network or the broker was in the way, not the request. */
export function mayBeRepeated(error: unknown): error is TransientError {
  return isMillraceError(error) && error.disposition === 'retry' && error.code !== 'MR_TRANSACTION_ABORTABLE';
}

/** Whether the error came from the network, so that nobody knows what the broker made of the request. */
export function isIndefinite(error: unknown): boolean {
  return isMillraceError(error) && (error.code === 'MR_NETWORK_DISCONNECTED' || error.code === 'MR_NETWORK_TIMEOUT');
}

/** For a partition that nobody leads now. */
export function noLeader(place: { readonly topic: string; readonly partition: number }): TransientError {
  const { topic, partition } = place;
  return new TransientError('MR_BROKER_UNAVAILABLE', `${topic}-${partition} has no leader`, {
    place: { topic, partition },
  });
}

/** The error that ends every call of something that was stopped. */
export function stoppedError(what: string): FatalError {
  return new FatalError('MR_LIFECYCLE_ORDER', `${what} is not running: call start() first, and nothing after stop()`);
}
