import { RecordError, TransientError } from '@millrace/kernel';

/** How long who asked for a task that moves or restores should wait before asking again, in milliseconds. */
export const RETRY_AFTER_MS = 1_000;

/** Nobody answers for the task right now. */
export function unavailable(taskId: string, why: string, cause?: unknown): TransientError {
  const message = `no member answers for task ${taskId}: ${why}`;
  return new TransientError('MR_QUERY_UNAVAILABLE', message, {
    cause,
    place: { taskId },
    retryAfterMs: RETRY_AFTER_MS,
  });
}

/** The query itself is wrong. */
export function invalidQuery(message: string): RecordError {
  return new RecordError('MR_QUERY_INVALID', message);
}

export function unknownStore(store: string, where: string): RecordError {
  return new RecordError('MR_QUERY_STORE_UNKNOWN', `there is no store '${store}' ${where}`);
}
