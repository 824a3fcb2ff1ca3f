import { DISPOSITIONS, checkOneOf, type Disposition } from '@millrace/kernel';
import { resolveRetry, type RetryOptions, type RetryPolicy } from '@millrace/streams';

/** What a sink does about records and batches that fail: the words and the shape of a topology's `ErrorPolicy`. */
export interface SinkErrorPolicy {
  /** A key or value that its serde refuses. Default `dead-letter`. */
  readonly onDeserializationError: Extract<Disposition, 'dead-letter' | 'stop-app'>;
  /**
   * An error that the writer throws, when it has no disposition of its own. `dead-letter` looks for the record that is refused,
   * by smaller and smaller batches. Default `stop-app`.
   */
  readonly onWriteError: Disposition;
  /**
   * How a batch is tried again; its partition waits, others go on. When all attempts have failed the sink stops: its input stands
   * in its topic and nothing is lost. Default: without end, for disposition `retry`, from 100 ms to 5 s.
   */
  readonly retry: RetryOptions;
}

/** A {@link SinkErrorPolicy} checked, in milliseconds. */
export interface ResolvedSinkErrorPolicy extends Omit<SinkErrorPolicy, 'retry'> {
  readonly retry: RetryPolicy;
}

/** Adds a sentence to `problems` for everything that is wrong. */
export function resolveSinkErrorPolicy(policy: Partial<SinkErrorPolicy>, problems: string[]): ResolvedSinkErrorPolicy {
  const { onDeserializationError = 'dead-letter', onWriteError = 'stop-app', retry = { attempts: Infinity } } = policy;
  checkOneOf('policy.onDeserializationError', onDeserializationError, ['dead-letter', 'stop-app'], problems);
  checkOneOf('policy.onWriteError', onWriteError, DISPOSITIONS, problems);
  return { onDeserializationError, onWriteError, retry: resolveRetry(retry, 'policy.retry', problems) };
}
