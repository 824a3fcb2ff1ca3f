/** Something that is started once and stopped once. `stop` is safe to call twice and waits for work in flight. */
export interface Lifecycle {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** The parts of a whole: started in the given order, stopped in the reverse one. */
export class LifecycleGroup implements Lifecycle {
  readonly #parts: readonly Lifecycle[];
  #started: Lifecycle[] = [];

  constructor(parts: readonly Lifecycle[]) {
    this.#parts = parts;
  }

  /** Starts all parts in order; when one fails, those already started are stopped and its error is thrown. */
  async start(): Promise<void> {
    try {
      for (const part of this.#parts) {
        await part.start();
        this.#started.push(part);
      }
    } catch (cause) {
      await this.stop();
      throw cause;
    }
  }

  /** Stops what was started in reverse order, all of it even if one fails; then throws the failures together. */
  async stop(): Promise<void> {
    const failures: unknown[] = [];
    const started = this.#started;
    this.#started = [];
    for (const part of started.reverse()) {
      try {
        await part.stop();
      } catch (failure) {
        failures.push(failure);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'some parts did not stop in order');
  }
}
