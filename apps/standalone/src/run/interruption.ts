import type { EventEmitter } from 'node:events';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** What {@link Interruption} does with signals. */
export interface InterruptionOptions {
  /** Where signals come from: the process. */
  readonly source: Pick<EventEmitter, 'on' | 'off'>;
  /** Called on the first signal, to tell the person what happens now. */
  readonly onFirst: () => void;
  /** Called on the second: leaves at once, without order. */
  readonly onSecond: () => void;
}

/** The first Ctrl-C (or SIGTERM) asks the run to leave in order, the second forces it. */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #options: InterruptionOptions;

  constructor(options: InterruptionOptions) {
    this.#options = options;
    for (const signal of SIGNALS) options.source.on(signal, this.#onSignal);
  }

  /** Aborts on the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isRequested(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Resolves on the first signal. */
  async requested(): Promise<void> {
    if (this.isRequested) return;
    await new Promise<void>((resolve) => this.signal.addEventListener('abort', () => resolve(), { once: true }));
  }

  /** Hands signals back to their default. */
  close(): void {
    for (const signal of SIGNALS) this.#options.source.off(signal, this.#onSignal);
  }

  readonly #onSignal = (): void => {
    if (this.isRequested) {
      this.#options.onSecond();
      return;
    }
    this.#controller.abort();
    this.#options.onFirst();
  };
}
