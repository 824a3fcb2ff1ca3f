import { describeError, SystemClock, sleep, type Clock } from '@millrace/kernel';

/** How long {@link eventually} waits, and how often it looks. */
export interface EventuallyOptions {
  /** Gives up after so long, in milliseconds. Default 5 000. */
  readonly timeoutMs?: number;
  /** Looks again after so long, in milliseconds. Default 10. */
  readonly intervalMs?: number;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
}

/** What a predicate may answer; `false`, `null` and `undefined` mean: not yet. */
type Answer<T> = T | false | null | undefined;

/**
 * Waits until `predicate` holds and returns what it answered. An error that it throws means: not yet.
 *
 * @param what Completes the sentence "… did not become true", for the failure.
 * @throws {Error} after `timeoutMs`, saying what was waited for, and the last answer or error (as `cause`).
 */
export async function eventually<T>(
  what: string,
  predicate: () => Answer<T> | Promise<Answer<T>>,
  options: EventuallyOptions = {},
): Promise<T> {
  const { timeoutMs = 5_000, intervalMs = 10, clock = new SystemClock() } = options;
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  for (;;) {
    let answer: Answer<T>;
    let failure: unknown;
    try {
      answer = await predicate();
      if (answer !== false && answer !== null && answer !== undefined) return answer;
    } catch (error) {
      failure = error;
    }
    if (clock.monotonicMs() >= deadlineMs) {
      const last =
        failure === undefined ? 'it last answered that it does not hold' : `last error: ${describeError(failure)}`;
      throw new Error(`${what}: did not become true within ${timeoutMs} ms; ${last}`, { cause: failure });
    }
    await sleep(clock, intervalMs);
  }
}
