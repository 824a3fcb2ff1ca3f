import type { Clock } from '@millrace/kernel';

/** Lets a loop sleep until a time has passed or somebody has something for it. */
export class WakeUp {
  readonly #clock: Clock;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ends the sleep, if there is one. */
  readonly wake = (): void => this.#wake?.();

  /** Waits `ms`, or less when {@link wake} is called meanwhile. */
  async sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimer(ms, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#wake = undefined;
  }
}
