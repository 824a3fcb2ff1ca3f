import { NOTHING, fold, isSame, type Folded } from '../workload/folded.js';
import { Violation } from './violation.js';

/** Follows a changelog: each state of a key must follow from the one before it, and the last be the fold of all input. */
export class ChangelogCheck {
  readonly #name: string;
  readonly #states = new Map<string, Folded>();

  constructor(name: string) {
    this.#name = name;
  }

  take(key: string, state: Folded): void {
    const before = this.#states.get(key) ?? NOTHING;
    const expected = fold(before, state.id);
    this.#states.set(key, state);
    if (isSame(state, expected)) return;
    const message = `${this.#name}: ${JSON.stringify(state)} of key ${JSON.stringify(key)} does not follow ${JSON.stringify(before)}`;
    throw new Violation('changelog-is-fold', message);
  }

  /** At the end: the changelog holds what the plain fold says. */
  compare(expected: ReadonlyMap<string, Folded>): void {
    compareStates('changelog-is-fold', this.#name, this.#states, expected);
  }
}

/** @throws {Violation} naming the first key that differs. */
export function compareStates(
  invariant: 'changelog-is-fold' | 'store-is-fold',
  name: string,
  actual: ReadonlyMap<string, Folded>,
  expected: ReadonlyMap<string, Folded>,
): void {
  for (const key of new Set([...actual.keys(), ...expected.keys()])) {
    const [held, folded] = [actual.get(key), expected.get(key)];
    if (held !== undefined && folded !== undefined && isSame(held, folded)) continue;
    const difference = `${JSON.stringify(held)} instead of ${JSON.stringify(folded)}`;
    throw new Violation(invariant, `${name}: key ${JSON.stringify(key)} has ${difference}`);
  }
}
