import {
  ConfigurationError,
  dispositionOf,
  SystemClock,
  SystemRandom,
  toMs,
  type Clock,
  type Random,
} from '@millrace/kernel';
import { Breaker } from '../breaker/breaker.js';
import { Bulkhead } from '../bulkhead/bulkhead.js';
import { resilienceChannels, type BreakerState, type CallEvent } from '../diagnostics/channels.js';
import { retry } from '../retry/retry.js';
import { abortable } from '../timeout/abortable.js';
import { withTimeout } from '../timeout/timeout.js';
import { checkOptions } from './check-options.js';
import type { PolicyOptions } from './policy-options.js';

/** What to put around a call to something outside: a database, an object store, another service. */
export interface ExecutionPolicy {
  readonly name: string;
  /** `closed` also for a policy without a breaker. */
  readonly breakerState: BreakerState;
  /**
   * Calls `call`, as `retry( bulkhead( breaker( timeout( call ))))`: each try takes a place and is counted by the breaker, and
   * none is held while waiting between tries.
   *
   * @param call Gets a signal that aborts when the try's time is over or the caller's signal aborts; a call that passes it on
   *   stops its work then, any other one goes on unobserved.
   * @param signal Aborts the whole, wherever it is waiting; the promise rejects with the signal's reason.
   * @throws What the last try threw; {@link TransientError} (retry): `MR_DEPENDENCY_TIMEOUT`, `MR_CIRCUIT_OPEN` with
   *   `retryAfterMs`, `MR_DEPENDENCY_UNAVAILABLE` when the bulkhead is full.
   */
  execute<T>(call: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** Where a policy takes its time and its jitter from. */
export interface PolicyEnvironment {
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** Default: the machine's randomness. */
  readonly random?: Random;
}

const DEFAULT_BACKOFF_BASE = '100ms';
const DEFAULT_BACKOFF_MAX = '5s';

/**
 * Makes a policy; its breaker and bulkhead are shared by all calls through it, so make one for each dependency.
 *
 * @throws {ConfigurationError} (stop-app) listing everything that is wrong with the options.
 */
export function createPolicy(
  name: string,
  options: PolicyOptions,
  environment: PolicyEnvironment = {},
): ExecutionPolicy {
  const problems = checkOptions(name, options);
  if (problems.length > 0) throw new ConfigurationError(`the resilience policy '${name}'`, problems);
  return new ComposedPolicy(name, options, environment);
}

const NEVER = new AbortController().signal;

type Call<T> = (signal: AbortSignal) => Promise<T>;

class ComposedPolicy implements ExecutionPolicy {
  readonly name: string;
  readonly #options: PolicyOptions;
  readonly #breaker: Breaker | undefined;
  readonly #bulkhead: Bulkhead | undefined;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(name: string, options: PolicyOptions, { clock, random }: PolicyEnvironment) {
    this.name = name;
    this.#options = options;
    this.#clock = clock ?? new SystemClock();
    this.#random = random ?? new SystemRandom();
    if (options.breaker !== undefined) {
      this.#breaker = new Breaker(name, options.breaker, this.#isRetriable, this.#clock);
    }
    if (options.bulkhead !== undefined) this.#bulkhead = new Bulkhead(name, options.bulkhead);
  }

  get breakerState(): BreakerState {
    return this.#breaker?.state ?? 'closed';
  }

  async execute<T>(call: Call<T>, signal: AbortSignal = NEVER): Promise<T> {
    const startedMs = this.#clock.monotonicMs();
    let attempts = 0;
    let hasCalled = false;
    let outcome: CallEvent['outcome'] = 'failed';
    try {
      const result = await abortable(signal, () =>
        this.#retried(signal, (attempt) => {
          attempts = attempt;
          return this.#guarded(signal, (callSignal) => {
            hasCalled = true;
            return call(callSignal);
          });
        }),
      );
      outcome = 'succeeded';
      return result;
    } catch (error) {
      outcome = signal.aborted ? 'aborted' : hasCalled ? 'failed' : 'refused';
      throw error;
    } finally {
      const durationMs = this.#clock.monotonicMs() - startedMs;
      resilienceChannels.call.publish({ policy: this.name, outcome, attempts, durationMs });
    }
  }

  /** Whether a failure may go away by itself; our own time-outs and refusals are among them. */
  readonly #isRetriable = (error: unknown): boolean =>
    dispositionOf(error, 'stop-app') === 'retry' || this.#options.isRetriable?.(error) === true;

  #retried<T>(signal: AbortSignal, tryOnce: (attempt: number) => Promise<T>): Promise<T> {
    const { retry: options } = this.#options;
    if (options === undefined) return tryOnce(1);
    const settings = {
      policy: this.name,
      attempts: options.attempts,
      baseMs: toMs(options.backoffBase ?? DEFAULT_BACKOFF_BASE),
      maxMs: toMs(options.backoffMax ?? DEFAULT_BACKOFF_MAX),
      isRetriable: this.#isRetriable,
      clock: this.#clock,
      random: this.#random,
    };
    return retry(settings, signal, tryOnce);
  }

  #guarded<T>(signal: AbortSignal, call: Call<T>): Promise<T> {
    const broken = (): Promise<T> =>
      this.#breaker === undefined ? this.#timed(signal, call) : this.#breaker.execute(() => this.#timed(signal, call));
    return this.#bulkhead === undefined ? broken() : this.#bulkhead.execute(signal, broken);
  }

  async #timed<T>(signal: AbortSignal, call: Call<T>): Promise<T> {
    // A call that waited for a place or for a half-open breaker may be no longer wanted.
    signal.throwIfAborted();
    const { timeout } = this.#options;
    if (timeout === undefined) return call(signal);
    return withTimeout({ policy: this.name, timeoutMs: toMs(timeout), clock: this.#clock }, signal, call);
  }
}
