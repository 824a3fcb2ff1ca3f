import { describeError, sleep, type Clock, type Random } from '@millrace/kernel';
import { clientChannels } from '../diagnostics/channels.js';
import { mayBeRepeated } from '../errors/broker-errors.js';

/** How long to wait between tries. */
export interface BackoffOptions {
  /** Before the second try, in milliseconds. Kafka property `retry.backoff.ms`. */
  readonly retryBackoffMs: number;
  /** Upper bound of the doubling, in milliseconds. Kafka property `retry.backoff.max.ms`. */
  readonly retryBackoffMaxMs: number;
}

/** What retrying needs of its surroundings. */
export interface RetryContext extends BackoffOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Aborts waits between tries. */
  readonly signal: AbortSignal;
}

/** Doubling from the first backoff to the greatest, 20 % more or less by chance so that clients do not move in step. */
export function backoffMs(attempt: number, options: BackoffOptions, random: Random): number {
  const exponential = Math.min(options.retryBackoffMs * 2 ** Math.min(attempt - 1, 30), options.retryBackoffMaxMs);
  return Math.round(exponential * (0.8 + random.next() * 0.4));
}

/**
 * Runs `attempt` until it succeeds, fails for good, or `timeoutMs` have passed; then throws the last error.
 *
 * Only errors that {@link mayBeRepeated} are tried again.
 */
export async function retrying<T>(
  context: RetryContext,
  what: string,
  timeoutMs: number,
  attempt: (number: number) => Promise<T>,
): Promise<T> {
  const deadlineMs = context.clock.monotonicMs() + timeoutMs;
  for (let number = 1; ; number++) {
    try {
      return await attempt(number);
    } catch (error) {
      if (!mayBeRepeated(error) || context.signal.aborted) throw error;
      const delayMs = error.retryAfterMs ?? backoffMs(number, context, context.random);
      if (context.clock.monotonicMs() + delayMs >= deadlineMs) throw error;
      clientChannels.retry.publish({ what, attempt: number, delayMs, error: describeError(error) });
      await sleep(context.clock, delayMs, context.signal);
    }
  }
}
