import type { Random } from '@millrace/kernel';

/**
 * A wait before the next try: exponential backoff with full jitter, so that callers that failed together do not come back
 * together. Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 *
 * @param attempt The try that failed; 1 is the first.
 * @returns Milliseconds in [0, min(maxMs, baseMs · 2^(attempt - 1))).
 */
export function fullJitterMs(attempt: number, baseMs: number, maxMs: number, random: Random): number {
  return random.next() * Math.min(maxMs, baseMs * 2 ** (attempt - 1));
}
