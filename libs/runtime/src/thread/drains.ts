import { EndConfirmation, type AskEnds, type ReadPosition } from './end-confirmation.js';

/** Who waits for a loop to have nothing left to do. */
export class Drains {
  readonly #ask: AskEnds;
  #waiting: { readonly end: EndConfirmation; readonly done: () => void }[] = [];

  constructor(ask: AskEnds) {
    this.#ask = ask;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Resolves once {@link look} has confirmed that everything up to the ends that the inputs have now is done. */
  wait(): Promise<void> {
    return new Promise((done) => this.#waiting.push({ end: new EndConfirmation(this.#ask), done }));
  }

  /**
   * Takes a look at a loop that seems to have nothing left to do.
   *
   * @param activity Changes whenever the loop does anything.
   * @returns what to call for those that need wait no longer.
   */
  look(activity: number, positions: readonly ReadPosition[]): readonly (() => void)[] {
    const drained = this.#waiting.filter(({ end }) => end.isConfirmed(activity, positions));
    this.#waiting = this.#waiting.filter((each) => !drained.includes(each));
    return drained.map(({ done }) => done);
  }
}
