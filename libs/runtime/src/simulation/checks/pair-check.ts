import { PAIR_WITHIN_MS, partTopics, type Pair } from '../workload/parts.js';
import { committedByKey, committedRecord, type PartCheck, type PartCheckOptions } from './part-check.js';
import { Violation } from './violation.js';

/** Two records of a key that lie close enough together are joined once; all others never are. */
export class PairCheck implements PartCheck {
  readonly #options: PartCheckOptions;
  readonly #seen = new Set<string>();
  repeats = 0;

  constructor(options: PartCheckOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#seen.size;
  }

  take(topic: string, key: string, value: unknown): void {
    const { left, right } = value as Pair;
    const { ledger, mayRepeat } = this.#options;
    const one = committedRecord(ledger, partTopics.left.name, key, left);
    const other = committedRecord(ledger, partTopics.right.name, key, right);
    const what = `${topic}: records ${left} and ${right} (key '${key}')`;
    if (Math.abs(one.timestampMs - other.timestampMs) > PAIR_WITHIN_MS) {
      throw new Violation('no-aborted-data', `${what} lie too far apart to be joined`);
    }
    const pair = `${left}/${right}`;
    if (!this.#seen.has(pair)) this.#seen.add(pair);
    else if (mayRepeat) this.repeats += 1;
    else throw new Violation('effect-once', `${what} were joined before`);
  }

  missing(): number {
    const { ledger } = this.#options;
    const rights = committedByKey(ledger, partTopics.right.name);
    let expected = 0;
    for (const { key, timestampMs } of ledger.committed(partTopics.left.name)) {
      for (const other of rights.get(key) ?? []) {
        if (Math.abs(timestampMs - other.timestampMs) <= PAIR_WITHIN_MS) expected += 1;
      }
    }
    return expected - this.#seen.size;
  }

  verify(): void {}
}
