/** What a store has done since its last commit, so that it can be taken back: all of it, or that of the present record. */
export class ChangeLog<Change> {
  readonly #takeBack: (change: Change) => void;
  #changes: Change[] = [];
  #mark = 0;

  constructor(takeBack: (change: Change) => void) {
    this.#takeBack = takeBack;
  }

  /** What was done, in order. */
  get changes(): readonly Change[] {
    return this.#changes;
  }

  /** Adds what is being done. */
  push(change: Change): void {
    this.#changes.push(change);
  }

  /** A record begins: {@link undoToMark} goes back to here. */
  mark(): void {
    this.#mark = this.#changes.length;
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
    this.#changes = [];
    this.#mark = 0;
  }

  #undo(from: number): void {
    for (const change of this.#changes.splice(from).reverse()) this.#takeBack(change);
    this.#mark = Math.min(this.#mark, from);
  }
}

/** A {@link ChangeLog} of the steps that take back what was done. */
export class UndoLog extends ChangeLog<() => void> {
  constructor() {
    super((step) => step());
  }
}
