import { sleep, type Clock } from '@millrace/kernel';

/** Records of a transaction at full speed: enough that the cost of a commit does not count. */
const FULL_BATCH = 2_500;

/** How often a second a replay with a rate publishes. */
const BATCHES_A_SECOND = 10;

/** Decides how many records are published next, and when, so that a replay keeps to a rate. */
export class ReplayPace {
  readonly #clock: Clock;
  readonly #ratePerSecond: number | undefined;
  #startedMs: number | undefined;
  #published = 0;

  /** @param ratePerSecond Undefined: as fast as possible. */
  constructor(clock: Clock, ratePerSecond: number | undefined) {
    this.#clock = clock;
    this.#ratePerSecond = ratePerSecond;
  }

  /** How many records to publish in the next transaction. */
  get batch(): number {
    if (this.#ratePerSecond === undefined) return FULL_BATCH;
    return Math.min(FULL_BATCH, Math.max(1, Math.round(this.#ratePerSecond / BATCHES_A_SECOND)));
  }

  /** Waits until the next batch is due; rejects with the signal's reason when it aborts first. */
  async due(signal: AbortSignal): Promise<void> {
    this.#startedMs ??= this.#clock.monotonicMs();
    if (this.#ratePerSecond === undefined) return;
    const dueMs = this.#startedMs + (this.#published * 1000) / this.#ratePerSecond;
    const waitMs = dueMs - this.#clock.monotonicMs();
    if (waitMs > 0) await sleep(this.#clock, waitMs, signal);
  }

  /** Takes note that so many records have been published. */
  published(count: number): void {
    this.#published += count;
  }
}
