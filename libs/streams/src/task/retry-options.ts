import { toMs, type ConfigurationError, type Disposition, type Duration } from '@millrace/kernel';

/**
 * Tries again in place, with growing pauses: attempt n waits `initial * factor^(n-1)`, at most `max`, less a random share of
 * `jitter`; at least as long as a `TransientError` asks for with `retryAfterMs`.
 */
export interface RetryOptions {
  /** How often a failed record or write is tried again, after its first time. A whole number, at least 1. */
  readonly attempts: number;
  /** The first pause. Default 100 ms (Kafka: `retry.backoff.ms`). */
  readonly initial?: Duration;
  /** The longest pause. Default 5 s (Kafka: `retry.backoff.max.ms`, there 1 s). */
  readonly max?: Duration;
  /** By what each pause is longer than the one before; at least 1. Default 2. */
  readonly factor?: number;
  /** The share of a pause that is random, 0 to 1, so that what failed together does not come back together. Default 0.5. */
  readonly jitter?: number;
  /** Errors of which dispositions are tried again. Default `['retry']`. */
  readonly dispositions?: readonly Disposition[];
}

/** {@link RetryOptions} in milliseconds, with every default in place. */
export interface RetryPolicy {
  readonly attempts: number;
  readonly initialMs: number;
  readonly maxMs: number;
  readonly factor: number;
  readonly jitter: number;
  readonly dispositions: readonly Disposition[];
}

/** Checks options; adds a sentence to `problems` for everything that is wrong. `at` names them. */
export function resolveRetry(options: RetryOptions, at: string, problems: string[]): RetryPolicy {
  const { attempts, factor = 2, jitter = 0.5, dispositions = ['retry'] } = options;
  if (!(attempts >= 1) || (attempts !== Infinity && !Number.isInteger(attempts)))
    problems.push(`${at}.attempts: ${attempts} is not a whole number greater than 0`);
  if (!(factor >= 1)) problems.push(`${at}.factor: ${factor} would shorten the pauses: use 1 or more`);
  if (!(jitter >= 0 && jitter <= 1)) problems.push(`${at}.jitter: ${jitter} is not a share: use 0 to 1`);
  const initialMs = durationOf(options.initial ?? 100, `${at}.initial`, problems);
  const maxMs = durationOf(options.max ?? 5_000, `${at}.max`, problems);
  if (maxMs < initialMs)
    problems.push(`${at}.max: is less than initial: let pauses grow, or give both the same length`);
  return { attempts, initialMs, maxMs, factor, jitter, dispositions };
}

/** Milliseconds of a duration; 0 and a sentence in `problems` when it is none. */
export function durationOf(duration: Duration, at: string, problems: string[]): number {
  try {
    return toMs(duration);
  } catch (error) {
    problems.push(`${at}: ${(error as ConfigurationError).problems.join('; ')}`);
    return 0;
  }
}

/**
 * The pause before a further attempt, in milliseconds.
 *
 * @param failures how often it has failed so far, at least 1.
 * @param random from [0, 1).
 * @param atLeastMs what the other side asked for.
 */
export function retryDelayMs(policy: RetryPolicy, failures: number, random: number, atLeastMs = 0): number {
  const bound = Math.min(policy.maxMs, policy.initialMs * policy.factor ** Math.min(failures - 1, 100));
  return Math.max(atLeastMs, bound * (1 - policy.jitter * random));
}
