import { checkOneOf, toMs, type ConfigurationError, type Disposition, type Duration } from '@millrace/kernel';
import {
  resolveRetry,
  retryDelayMs,
  type RetryOptions,
  type RetryPolicy,
  type RetryTopicOptions,
} from '@millrace/streams';
import { askedDelayMs, handlerDisposition } from './errors/handler-error.js';
import { checkReplicationFactor } from './option-values.js';

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
   * How a record is tried again later, after those attempts in place: from topics `<groupId>-<topic>-retry-<n>`, one for each
   * delay, while others go on. It loses its order, also among those of its key; batches come one record at a time. Default: none.
   */
  readonly retryTopic?: Pick<RetryTopicOptions, 'delays'>;
  /**
   * After the last attempt, and for records that are refused. `dead-letter`: to `<topic>-dlt`. `skip`: told and passed over.
   * `stop-app`: the server fails, and the record stands where it is. Default `dead-letter`.
   */
  readonly onExhausted: 'dead-letter' | 'skip' | 'stop-app';
  /** Copies of dead-letter and retry topics that are created. Default -1: the broker's default. */
  readonly replicationFactor: number;
}

/** What is done next about a record that has failed. */
export type FailureAction = 'retry' | TransportErrorPolicy['onExhausted'];

/** A {@link TransportErrorPolicy} checked, in milliseconds. */
export interface ResolvedTransportErrorPolicy extends Omit<TransportErrorPolicy, 'retry' | 'retryTopic'> {
  readonly retry: RetryPolicy;
  /** One for each retry topic. */
  readonly retryDelaysMs: readonly number[];
}

/** Adds a sentence to `problems` for everything that is wrong. */
export function resolveErrorPolicy(
  policy: Partial<TransportErrorPolicy>,
  problems: string[],
): ResolvedTransportErrorPolicy {
  const { onHandlerError = 'retry', onExhausted = 'dead-letter', retry = { attempts: 3 } } = policy;
  const delays = policy.retryTopic?.delays ?? [];
  checkOneOf('policy.onHandlerError', onHandlerError, ['retry', 'dead-letter', 'stop-app'], problems);
  checkOneOf('policy.onExhausted', onExhausted, ['dead-letter', 'skip', 'stop-app'], problems);
  checkReplicationFactor('policy.replicationFactor', policy.replicationFactor, problems);
  if (policy.retryTopic !== undefined && delays.length === 0)
    problems.push('policy.retryTopic.delays: there is none: give one for each attempt, or leave retryTopic out');
  return {
    onHandlerError,
    onExhausted,
    retry: resolveRetry(retry, 'policy.retry', problems),
    retryDelaysMs: delays.map((each, nth) => durationOf(each, `policy.retryTopic.delays[${nth}]`, problems)),
    replicationFactor: policy.replicationFactor ?? -1,
  };
}

/**
 * @param thrown by the handler, as the transport got it.
 * @param failures how often the record has failed in place so far, at least 1.
 */
export function actionFor(policy: ResolvedTransportErrorPolicy, thrown: unknown, failures: number): FailureAction {
  if (ownDisposition(policy, thrown) === 'stop-app') return 'stop-app';
  return mayRepeat(policy, thrown) && failures <= policy.retry.attempts ? 'retry' : policy.onExhausted;
}

/** Whether another attempt may mend an error, in place or from a retry topic. */
export function mayRepeat(policy: ResolvedTransportErrorPolicy, thrown: unknown): boolean {
  const disposition = ownDisposition(policy, thrown);
  return disposition === 'retry' || policy.retry.dispositions.includes(disposition);
}

function ownDisposition(policy: ResolvedTransportErrorPolicy, thrown: unknown): Disposition {
  const own = handlerDisposition(thrown) ?? policy.onHandlerError;
  // There is no task to be restarted here: what a restart would mend, another attempt may.
  return own === 'restart-task' ? 'retry' : own;
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

function durationOf(duration: Duration, at: string, problems: string[]): number {
  try {
    return toMs(duration);
  } catch (error) {
    problems.push(`${at}: ${(error as ConfigurationError).problems.join('; ')}`);
    return 0;
  }
}
