import type { Clock, Timer } from '@millrace/kernel';

/** Calls back at the earliest of the moments it was asked for; then it waits to be asked again. */
export class WakeUp {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #next: { readonly atMs: number; readonly timer: Timer } | undefined;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** @param moment Of the monotonic clock, in milliseconds. */
  at(moment: number): void {
    if (this.#next !== undefined && this.#next.atMs <= moment) return;
    this.cancel();
    const timer = this.#clock.setTimer(Math.max(1, moment - this.#clock.monotonicMs()), () => {
      this.#next = undefined;
      this.#wake();
    });
    this.#next = { atMs: moment, timer };
  }

  cancel(): void {
    this.#next?.timer.cancel();
    this.#next = undefined;
  }
}
