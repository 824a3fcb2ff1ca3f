/** Lets several wait for a condition that others change. */
export class ChangeSignal {
  readonly #waiting = new Set<() => void>();

  /** Something has changed: all that wait look again. */
  notify(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** Resolves when `condition` holds; it is looked at now and after each change. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }
}
