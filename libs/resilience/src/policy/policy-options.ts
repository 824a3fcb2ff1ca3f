import type { Duration } from '@millrace/kernel';

/** What a policy puts around each call. Every part is optional; a part that is left out does nothing. */
export interface PolicyOptions {
  /** How long one try may take. */
  readonly timeout?: Duration;
  readonly retry?: RetryOptions;
  readonly breaker?: BreakerOptions;
  readonly bulkhead?: BulkheadOptions;
  /**
   * Whether a failure may go away by itself: such a failure is tried again and counts for the breaker. Any other one means
   * that the other side did answer, so it is thrown at once and the breaker stays as it is.
   *
   * Asked about errors of other libraries; what has the disposition `retry`, such as a {@link TransientError}, is retriable
   * anyway. Default: nothing else is.
   */
  readonly isRetriable?: (error: unknown) => boolean;
}

/** How often and when a call is tried again. */
export interface RetryOptions {
  /** Tries in all, the first one included; at least 1. */
  readonly attempts: number;
  /** The wait before the second try is between 0 and this; each further one doubles it. Default: `100ms`. */
  readonly backoffBase?: Duration;
  /** No wait is longer. An error whose `retryAfterMs` is longer is thrown at once: the caller knows when to come back. Default: `5s`. */
  readonly backoffMax?: Duration;
}

/** When calls are suspended because they would fail anyway. */
export type BreakerOptions = {
  /** How long calls are refused before one is let through to find out. */
  readonly halfOpenAfter: Duration;
} & (
  | {
      /** Opens when this many calls in a row have failed. */
      readonly consecutiveFailures: number;
    }
  | {
      /** Opens when a greater share than this of the last `ofLastCalls` has failed; between 0 and 1. */
      readonly failureRate: number;
      /** How many calls are looked at. The breaker stays closed until there were as many. */
      readonly ofLastCalls: number;
    }
);

/** How many calls may run at once. */
export interface BulkheadOptions {
  readonly concurrency: number;
  /** How many more may wait for a place; a call beyond that is refused. Default: 0. */
  readonly queue?: number;
}
