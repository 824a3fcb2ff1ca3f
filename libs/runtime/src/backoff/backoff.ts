import type { Random } from '@millrace/kernel';

/** Bounds of a {@link Backoff}. */
export interface BackoffOptions {
  /** Upper bound of the first delay, in milliseconds. Default 100 (Kafka: `retry.backoff.ms`). */
  readonly initialMs?: number;
  /** Upper bound of every delay, in milliseconds. Default 5 000 (Kafka: `retry.backoff.max.ms`, there 1 000). */
  readonly maxMs?: number;
}

/**
 * Exponential delays with jitter: the n-th is random within the upper half of `initialMs * 2^n`, capped at `maxMs`, so
 * that members which failed together do not come back together, and none comes back at once.
 */
export class Backoff {
  readonly #random: Random;
  readonly #initialMs: number;
  readonly #maxMs: number;
  #failures = 0;

  constructor(random: Random, options: BackoffOptions = {}) {
    this.#random = random;
    this.#initialMs = options.initialMs ?? 100;
    this.#maxMs = options.maxMs ?? 5_000;
  }

  /** How many delays were taken since the last {@link reset}. */
  get failures(): number {
    return this.#failures;
  }

  /** The next delay in milliseconds; `atLeastMs` is what the other side asked for, if it did. */
  nextMs(atLeastMs = 0): number {
    const bound = Math.min(this.#maxMs, this.#initialMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    return Math.max(atLeastMs, bound / 2 + (bound / 2) * this.#random.next());
  }

  /** Starts over with short delays; called after a success. */
  reset(): void {
    this.#failures = 0;
  }
}
