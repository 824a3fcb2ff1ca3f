import { TransientError, toMs, type Clock } from '@millrace/kernel';
import {
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  CountBreaker,
  handleWhen,
  isBrokenCircuitError,
  type CircuitBreakerPolicy,
} from 'cockatiel';
import { resilienceChannels, type BreakerState } from '../diagnostics/channels.js';
import type { BreakerOptions } from '../policy/policy-options.js';
import { ClockBackoff } from './clock-backoff.js';

const STATES: Readonly<Record<CircuitState, BreakerState>> = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half-open',
  [CircuitState.Isolated]: 'open',
};

/**
 * A circuit breaker: cockatiel's state machine on a {@link Clock}.
 *
 * ```
 *            too many failures                halfOpenAfter is over
 *   closed ────────────────────▶ open ───────────────────────────────▶ half-open
 *     ▲                           ▲                                      │  │
 *     │                           └───────── the one call fails ─────────┘  │
 *     └───────────────────────────────────── it succeeds ───────────────────┘
 * ```
 *
 * Calls that come while it is half-open wait for the one call that finds out.
 */
export class Breaker {
  readonly #policy: string;
  readonly #breaker: CircuitBreakerPolicy;
  readonly #backoff: ClockBackoff;

  constructor(policy: string, options: BreakerOptions, isFailure: (error: unknown) => boolean, clock: Clock) {
    this.#policy = policy;
    this.#backoff = new ClockBackoff(clock, toMs(options.halfOpenAfter));
    this.#breaker = circuitBreaker(handleWhen(isFailure), {
      halfOpenAfter: this.#backoff,
      breaker:
        'consecutiveFailures' in options
          ? new ConsecutiveBreaker(options.consecutiveFailures)
          : new CountBreaker({ threshold: options.failureRate, size: options.ofLastCalls }),
    });
    this.#breaker.onStateChange((state) => {
      resilienceChannels.breaker.publish({ policy, state: STATES[state] });
    });
  }

  get state(): BreakerState {
    return STATES[this.#breaker.state];
  }

  /** @throws {TransientError} (retry) `MR_CIRCUIT_OPEN`, with the time until the next call is let through. */
  async execute<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await this.#breaker.execute(call);
    } catch (error) {
      throw isBrokenCircuitError(error) ? this.#openError() : error;
    }
  }

  #openError(): TransientError {
    const retryAfterMs = Math.ceil(this.#backoff.remainingMs);
    return new TransientError(
      'MR_CIRCUIT_OPEN',
      `calls through the policy '${this.#policy}' are suspended because too many have failed: see why the other side fails; the next try is in ${retryAfterMs} ms`,
      { place: { policy: this.#policy }, retryAfterMs },
    );
  }
}
