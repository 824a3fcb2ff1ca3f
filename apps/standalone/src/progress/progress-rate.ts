import type { Clock } from '@millrace/kernel';

/** How far back the rate looks: what happened this long ago counts about a third of what happens now. */
const MEMORY_MS = 3_000;

/** Events a second, smoothed over the last few seconds, and the time that the rest will take. */
export class ProgressRate {
  readonly #clock: Clock;
  #lastMs: number;
  #lastDone: number | undefined;
  #perSecond: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastMs = clock.monotonicMs();
  }

  /** Takes note that `done` events are through by now. */
  sample(done: number): void {
    const nowMs = this.#clock.monotonicMs();
    const elapsedMs = nowMs - this.#lastMs;
    if (this.#lastDone === undefined) {
      this.#lastDone = done;
      this.#lastMs = nowMs;
      return;
    }
    if (elapsedMs <= 0) return;
    const current = ((done - this.#lastDone) * 1000) / elapsedMs;
    const weight = 1 - Math.exp(-elapsedMs / MEMORY_MS);
    this.#perSecond = this.#perSecond === undefined ? current : this.#perSecond + weight * (current - this.#perSecond);
    this.#lastDone = done;
    this.#lastMs = nowMs;
  }

  /** Events a second; 0 before two samples. */
  get perSecond(): number {
    return this.#perSecond ?? 0;
  }

  /** Whole seconds until `remaining` more are through; undefined while nothing moves. */
  etaSeconds(remaining: number): number | undefined {
    if (remaining <= 0) return 0;
    return this.perSecond > 0 ? Math.ceil(remaining / this.perSecond) : undefined;
  }
}
