/** Counts checks and prints each with its figure. */
export class Checks {
  passed = 0;
  failed = 0;
  #print;

  /** @param {(line: string) => void} print */
  constructor(print) {
    this.#print = print;
  }

  /** Passes when both are the same. */
  equal(what, actual, expected) {
    const shown = typeof actual === 'number' ? actual.toLocaleString('en') : actual;
    this.that(`${what}: ${shown}`, actual === expected, () => [`expected: ${expected?.toLocaleString('en')}`]);
  }

  /**
   * Passes when `holds`; else prints the lines of `reasons`.
   *
   * @param {string} what
   * @param {boolean} holds
   * @param {() => string[]} reasons
   */
  that(what, holds, reasons) {
    if (holds) this.passed++;
    else this.failed++;
    this.#print(`${holds ? 'ok     ' : 'FAILED '} ${what}`);
    if (!holds) for (const line of reasons()) this.#print(`          ${line}`);
  }
}
