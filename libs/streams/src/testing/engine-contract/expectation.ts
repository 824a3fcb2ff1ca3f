import type { StoreEngine } from '../../store/engine/store-engine.js';

/** One thing that every store engine must do. */
export interface StoreEngineCase {
  readonly title: string;
  /**
   * Tries it on an engine that nobody else uses; whatever it keeps is the case's own.
   *
   * @throws {Error} saying what was expected and what came.
   */
  readonly check: (engine: StoreEngine) => void;
}

/** @throws {Error} when the two differ. */
export function expectSame(what: string, actual: unknown, expected: unknown): void {
  const [found, wanted] = [textOf(actual), textOf(expected)];
  if (found !== wanted) throw new Error(`${what}: expected ${wanted}, found ${found}`);
}

/** @throws {Error} when `work` does not fail with the code. */
export function expectFailure(what: string, code: string, work: () => void): void {
  let found: unknown = 'no failure';
  try {
    work();
  } catch (error) {
    found = (error as { code?: unknown }).code ?? error;
  }
  expectSame(what, found, code);
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => (each === undefined ? 'undefined' : each));
}
