import { isMillraceError, RecordError, TransientError, type Disposition } from '@millrace/kernel';
import { KafkaRetriableException } from '@nestjs/microservices';
import { RejectedRecordException } from './rejected-record.exception.js';

/** What handlers throw, told apart by what is to be done about it; `undefined` when the error does not say. */
export function handlerDisposition(error: unknown): Disposition | undefined {
  if (isMillraceError(error)) return error.disposition;
  if (error instanceof KafkaRetriableException) return 'retry';
  return error instanceof RejectedRecordException ? 'dead-letter' : undefined;
}

/** How long the other side asked to wait before the next try, in milliseconds; 0 when it did not. */
export function askedDelayMs(error: unknown): number {
  return error instanceof TransientError ? (error.retryAfterMs ?? 0) : 0;
}

/** Makes an error of whatever a handler or Nest's exception layer has thrown: it often is a plain object with a message. */
export function errorOf(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  const { message } = (thrown ?? {}) as { message?: unknown };
  const text = typeof message === 'string' ? message : typeof thrown === 'string' ? thrown : 'the handler has failed';
  return new RecordError('MR_RECORD_REJECTED', text, { cause: thrown });
}
