import type { Clock, Timer } from '@millrace/kernel';

/**
 * Fires once when nothing has extended it for as long as it was told.
 *
 * Extending is cheap, because heartbeats do it all the time: it moves the deadline and arms a new timer only when the armed one
 * would fire too late.
 */
export class SessionTimer {
  readonly #clock: Clock;
  readonly #onExpired: () => void;
  #deadlineMs = 0;
  #armedForMs = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, onExpired: () => void) {
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  /** Expires `timeoutMs` from now unless it is extended or cancelled before. */
  extend(timeoutMs: number): void {
    this.#deadlineMs = this.#clock.monotonicMs() + timeoutMs;
    if (this.#timer !== undefined && this.#armedForMs <= this.#deadlineMs) return;
    this.#arm(timeoutMs);
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(delayMs: number): void {
    this.#timer?.cancel();
    this.#armedForMs = this.#deadlineMs;
    this.#timer = this.#clock.setTimer(delayMs, () => this.#check(), { unref: true });
  }

  #check(): void {
    this.#timer = undefined;
    const remainingMs = this.#deadlineMs - this.#clock.monotonicMs();
    if (remainingMs > 0) this.#arm(remainingMs);
    else this.#onExpired();
  }
}
