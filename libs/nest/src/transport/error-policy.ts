import type { Disposition } from '@millrace/kernel';
import { resolveRetry, retryDelayMs, type RetryOptions, type RetryPolicy } from '@millrace/streams';
import { askedDelayMs, handlerDisposition } from './errors/handler-error.js';

/** What is done about records whose handler fails: the words of a topology's `ErrorPolicy`. */
export interface TransportErrorPolicy {
  /** An error without disposition of its own, which is every error that is not Millrace's. Default `retry`. */
  readonly onHandlerError: Extract<Disposition, 'retry' | 'dead-letter' | 'stop-app'>;
  /**
   * How a record is tried again, in place: what follows it in its partition, or of its key, waits. Default 3 attempts more,
   * from 100 ms to 5 s.
   */
  readonly retry: RetryOptions;
  /**
   * After the last attempt, and for records that are refused. `dead-letter`: to `<topic>-dlt`. `skip`: told and passed over.
   * `stop-app`: the server fails, and the record stands where it is. Default `dead-letter`.
   */
  readonly onExhausted: 'dead-letter' | 'skip' | 'stop-app';
  /** Copies of dead-letter topics that are created. Default -1: the broker's default. */
  readonly deadLetterReplicationFactor: number;
}

/** What is done next about a record that has failed. */
export type FailureAction = 'retry' | TransportErrorPolicy['onExhausted'];

/** A {@link TransportErrorPolicy} checked, in milliseconds. */
export interface ResolvedTransportErrorPolicy extends Omit<TransportErrorPolicy, 'retry'> {
  readonly retry: RetryPolicy;
}

/** Adds a sentence to `problems` for everything that is wrong. */
export function resolveErrorPolicy(
  policy: Partial<TransportErrorPolicy>,
  problems: string[],
): ResolvedTransportErrorPolicy {
  const { onHandlerError = 'retry', onExhausted = 'dead-letter', retry = { attempts: 3 } } = policy;
  return {
    onHandlerError,
    onExhausted,
    retry: resolveRetry(retry, 'policy.retry', problems),
    deadLetterReplicationFactor: policy.deadLetterReplicationFactor ?? -1,
  };
}

/**
 * @param thrown by the handler, as the transport got it.
 * @param failures how often the record has failed so far, at least 1.
 */
export function actionFor(policy: ResolvedTransportErrorPolicy, thrown: unknown, failures: number): FailureAction {
  const own = handlerDisposition(thrown) ?? policy.onHandlerError;
  if (own === 'stop-app') return 'stop-app';
  // There is no task to be restarted here: what a restart would mend, another attempt may.
  const disposition = own === 'restart-task' ? 'retry' : own;
  const mayRepeat = disposition === 'retry' || policy.retry.dispositions.includes(disposition);
  return mayRepeat && failures <= policy.retry.attempts ? 'retry' : policy.onExhausted;
}

/** The pause before the next attempt, in milliseconds. `random` is from [0, 1). */
export function pauseMs(
  policy: ResolvedTransportErrorPolicy,
  thrown: unknown,
  failures: number,
  random: number,
): number {
  return retryDelayMs(policy.retry, failures, random, askedDelayMs(thrown));
}
