import { NOTHING, fold, isSame, type Folded } from '../workload/folded.js';
import { partTopics } from '../workload/parts.js';
import { committedByKey, committedRecord, type PartCheck, type PartCheckOptions } from './part-check.js';
import { Violation } from './violation.js';

/**
 * A cache or a suppression passes over states, but those that it passes on are plain folds of a key's first records, one
 * further than the other; and a cache passes on the last.
 */
export class CachedCheck implements PartCheck {
  readonly #options: PartCheckOptions;
  readonly #emitted = new Map<string, Map<string, Folded[]>>();
  /** The last records of keys that a cache has passed on. */
  readonly #seen = new Set<number>();
  readonly repeats = 0;
  count = 0;

  constructor(options: PartCheckOptions) {
    this.#options = options;
  }

  take(topic: string, key: string, value: unknown): void {
    const state = value as Folded;
    committedRecord(this.#options.ledger, partTopics.cache.name, key, state.id);
    this.count += 1;
    if (topic === partTopics.cached.name) this.#seen.add(state.id);
    const byKey = this.#emitted.get(topic) ?? new Map<string, Folded[]>();
    this.#emitted.set(topic, byKey);
    const states = byKey.get(key);
    if (states === undefined) byKey.set(key, [state]);
    else states.push(state);
  }

  missing(): number {
    let missing = 0;
    for (const records of committedByKey(this.#options.ledger, partTopics.cache.name).values()) {
      const last = records.at(-1);
      if (last !== undefined && !this.#seen.has(last.id)) missing += 1;
    }
    return missing;
  }

  verify(): void {
    if (this.#options.mayRepeat) return;
    const inputs = committedByKey(this.#options.ledger, partTopics.cache.name);
    for (const [topic, byKey] of this.#emitted) {
      for (const [key, states] of byKey) {
        let next = 0;
        let state = NOTHING;
        for (const { id } of inputs.get(key) ?? []) {
          state = fold(state, id);
          if (states[next]?.id !== id) continue;
          if (!isSame(states[next] as Folded, state)) throw unlike(topic, key, states[next] as Folded, state);
          next += 1;
        }
        if (next < states.length) throw disordered(topic, key, states[next] as Folded);
      }
    }
  }
}

function unlike(topic: string, key: string, state: Folded, expected: Folded): Violation {
  const message = `${topic}: ${JSON.stringify(state)} of key '${key}' instead of the fold ${JSON.stringify(expected)}`;
  return new Violation('state-is-fold', message);
}

function disordered(topic: string, key: string, { id }: Folded): Violation {
  return new Violation(
    'order-per-key',
    `${topic}: the state after record ${id} (key '${key}') comes after a later one`,
  );
}
