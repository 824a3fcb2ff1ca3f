import { isMillraceError, sleep, TransientError, type Clock, type Random } from '@millrace/kernel';
import { resilienceChannels } from '../diagnostics/channels.js';
import { errorName } from '../diagnostics/error-name.js';
import { fullJitterMs } from './backoff.js';

/** What {@link retry} needs. */
export interface RetrySettings {
  readonly policy: string;
  readonly attempts: number;
  readonly baseMs: number;
  readonly maxMs: number;
  readonly isRetriable: (error: unknown) => boolean;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Runs `tryOnce` until it succeeds, fails for good, or there were enough tries.
 *
 * An open breaker is never waited for here: the error says when to come back, and the caller can do better than hold its
 * work. cockatiel's own retry policy is not used because its wait can neither be aborted nor be driven by a {@link Clock}.
 *
 * @param tryOnce Gets the number of the try; 1 is the first.
 */
export async function retry<T>(
  settings: RetrySettings,
  signal: AbortSignal,
  tryOnce: (attempt: number) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryOnce(attempt);
    } catch (error) {
      const delayMs = delayBeforeNext(settings, attempt, error);
      if (delayMs === undefined || signal.aborted) throw error;
      resilienceChannels.retry.publish({ policy: settings.policy, attempt, delayMs, error: errorName(error) });
      await sleep(settings.clock, delayMs, signal);
    }
  }
}

/** Milliseconds to wait, or `undefined` when there is to be no other try. */
function delayBeforeNext(settings: RetrySettings, attempt: number, error: unknown): number | undefined {
  if (attempt >= settings.attempts || isCircuitOpen(error) || !settings.isRetriable(error)) return undefined;
  const askedMs = error instanceof TransientError ? (error.retryAfterMs ?? 0) : 0;
  if (askedMs > settings.maxMs) return undefined;
  return Math.max(askedMs, fullJitterMs(attempt, settings.baseMs, settings.maxMs, settings.random));
}

function isCircuitOpen(error: unknown): boolean {
  return isMillraceError(error) && error.code === 'MR_CIRCUIT_OPEN';
}
