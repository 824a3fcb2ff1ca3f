/** How something that runs for long came to its end. A failure that nobody watches is no unhandled rejection. */
export class Completion {
  readonly #settled = Promise.withResolvers<void>();
  readonly #failed = Promise.withResolvers<never>();

  constructor() {
    this.#settled.promise.catch(() => undefined);
    this.#failed.promise.catch(() => undefined);
  }

  /** Resolves after an orderly end, rejects after any other. */
  get promise(): Promise<void> {
    return this.#settled.promise;
  }

  /** Never resolves; rejects with the error that ended it: to be raced against what would otherwise wait for ever. */
  get failure(): Promise<never> {
    return this.#failed.promise;
  }

  resolve(): void {
    this.#settled.resolve();
  }

  reject(error: unknown): void {
    this.#settled.reject(error);
    this.#failed.reject(error);
  }
}
