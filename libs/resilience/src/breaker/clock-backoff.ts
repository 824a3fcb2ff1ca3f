import type { Clock } from '@millrace/kernel';
import type { IBackoff, IBackoffFactory } from 'cockatiel';

/**
 * How long a breaker stays open, measured by a {@link Clock}.
 *
 * cockatiel compares the `duration` of its backoff with what `Date.now` says; this backoff answers "for ever" until the
 * clock says that the time is over and "less than nothing" from then on, so the machine's time has no say.
 */
export class ClockBackoff implements IBackoffFactory<unknown> {
  readonly #clock: Clock;
  readonly #openMs: number;
  #openUntilMs = -Infinity;

  constructor(clock: Clock, openMs: number) {
    this.#clock = clock;
    this.#openMs = openMs;
  }

  /** Milliseconds until the breaker lets a call through, 0 when it would now. */
  get remainingMs(): number {
    return Math.max(0, this.#openUntilMs - this.#clock.monotonicMs());
  }

  /** cockatiel asks for the next backoff at the moment at which the breaker opens. */
  next(): IBackoff<unknown> {
    this.#openUntilMs = this.#clock.monotonicMs() + this.#openMs;
    const remainingMs = (): number => this.remainingMs;
    return {
      get duration() {
        return remainingMs() > 0 ? Infinity : -Infinity;
      },
      next: () => this.next(),
    };
  }
}
