/** The steps that take back what a store has done since its last commit: all of them, or those of the present record. */
export class UndoLog {
  #steps: (() => void)[] = [];
  #mark = 0;

  /** Adds how to take back what is being done. */
  push(step: () => void): void {
    this.#steps.push(step);
  }

  /** A record begins: {@link undoToMark} goes back to here. */
  mark(): void {
    this.#mark = this.#steps.length;
  }

  /** Takes back what was done since the last {@link mark}, the latest first. */
  undoToMark(): void {
    this.#undo(this.#mark);
  }

  /** Takes back everything, the latest first. */
  undoAll(): void {
    this.#undo(0);
  }

  /** Everything is permanent now. */
  clear(): void {
    this.#steps = [];
    this.#mark = 0;
  }

  #undo(from: number): void {
    for (const step of this.#steps.splice(from).reverse()) step();
    this.#mark = Math.min(this.#mark, from);
  }
}
