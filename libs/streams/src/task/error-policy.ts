import { ConfigurationError, DISPOSITIONS, checkOneOf, type Disposition, type Duration } from '@millrace/kernel';
import { durationOf, resolveRetry, type RetryOptions, type RetryPolicy } from './retry-options.js';

/**
 * What a topology does about records that fail; configured, never coded in a handler's catch. A disposition of the error's own
 * wins over `onProcessingError`.
 *
 * An error with disposition `retry` is tried again in place as `retry` says, then from retry topics as `retryTopic` says, and then
 * its record becomes a dead letter. With neither, the task restarts. A record that fails leaves nothing behind: its writes to
 * stores and what it forwarded are taken back before its fate is decided (ADR 0018).
 */
export interface ErrorPolicy {
  /** A key or value that its serde refuses. Default `dead-letter`. */
  readonly onDeserializationError: Extract<Disposition, 'dead-letter' | 'stop-app'>;
  /** An error that an operator or handler throws, when it has no disposition of its own. Default `stop-app`. */
  readonly onProcessingError: Disposition;
  /**
   * A record that a sink cannot write: its serde refuses key or value, or it is too large for a batch. What becomes of the input
   * record that it follows from. Default `dead-letter`.
   */
  readonly onProductionError: Extract<Disposition, 'dead-letter' | 'stop-app'>;
  /** Tries in place; the task's other records wait, other tasks go on. Default: none. */
  readonly retry?: RetryOptions;
  /** Tries later, from topics, while other records go on. Default: none. */
  readonly retryTopic?: RetryTopicOptions;
}

/** Retry topics: one for each delay, `<applicationId>-<source>-retry-<n>`, each with the partitions of the source's topic. */
export interface RetryTopicOptions {
  /** How long a failed record waits before each further attempt, in wall-clock time. Its length is the number of attempts. */
  readonly delays: readonly Duration[];
  /**
   * `per-key`: while a record waits, later ones of its key wait behind it, so that none overtakes. `none`: they are processed
   * meanwhile. Default `none`; records of a table always keep the order of their key.
   */
  readonly order?: 'none' | 'per-key';
}

/** The policy where a topology has none. */
export const DEFAULT_ERROR_POLICY: ErrorPolicy = {
  onDeserializationError: 'dead-letter',
  onProcessingError: 'stop-app',
  onProductionError: 'dead-letter',
};

/** An {@link ErrorPolicy} checked, in milliseconds. */
export interface ResolvedErrorPolicy {
  readonly onDeserializationError: ErrorPolicy['onDeserializationError'];
  readonly onProcessingError: Disposition;
  readonly onProductionError: ErrorPolicy['onProductionError'];
  readonly retry: RetryPolicy | undefined;
  readonly retryTopic: { readonly delaysMs: readonly number[]; readonly order: 'none' | 'per-key' } | undefined;
}

/** Of what no other try can mend. */
const FINAL_DISPOSITIONS: readonly string[] = ['dead-letter', 'stop-app'] satisfies Disposition[];

/** @throws {ConfigurationError} (stop-app) naming everything that is wrong. */
export function resolveErrorPolicy(policy: Partial<ErrorPolicy>): ResolvedErrorPolicy {
  const problems: string[] = [];
  const { onDeserializationError, onProcessingError, onProductionError, retry, retryTopic } = {
    ...DEFAULT_ERROR_POLICY,
    ...policy,
  };
  checkOneOf('onDeserializationError', onDeserializationError, FINAL_DISPOSITIONS, problems);
  checkOneOf('onProcessingError', onProcessingError, DISPOSITIONS, problems);
  checkOneOf('onProductionError', onProductionError, FINAL_DISPOSITIONS, problems);
  checkOneOf('retryTopic.order', retryTopic?.order, ['none', 'per-key'], problems);
  if (retryTopic !== undefined && retryTopic.delays.length === 0)
    problems.push('retryTopic.delays: there is none: give one for each attempt, or leave retryTopic out');
  const resolved: ResolvedErrorPolicy = {
    onDeserializationError,
    onProcessingError,
    onProductionError,
    retry: retry === undefined ? undefined : resolveRetry(retry, 'retry', problems),
    retryTopic:
      retryTopic === undefined
        ? undefined
        : {
            delaysMs: retryTopic.delays.map((each, nth) => durationOf(each, `retryTopic.delays[${nth}]`, problems)),
            order: retryTopic.order ?? 'none',
          },
  };
  if (problems.length > 0) throw new ConfigurationError('an error policy', problems);
  return resolved;
}

/** Whether the policy itself, not only the disposition of some error, lets a task go on without a record that failed. */
export function goesOnAfterFailures({ onProcessingError, retry, retryTopic }: ResolvedErrorPolicy): boolean {
  return (
    onProcessingError === 'dead-letter' ||
    onProcessingError === 'retry' ||
    retry !== undefined ||
    retryTopic !== undefined
  );
}
