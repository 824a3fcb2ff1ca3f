import { partTopics, rowOf, type Related } from '../workload/parts.js';
import { committedByKey, committedRecord, type PartCheck, type PartCheckOptions } from './part-check.js';
import { Violation } from './violation.js';

/** Every answer of a foreign-key join is of rows that were there, and the last of each key is of the last rows. */
export class RelatedCheck implements PartCheck {
  readonly #options: PartCheckOptions;
  readonly #last = new Map<string, Related>();
  /** Every answer that there was, for what may come late. */
  readonly #answers = new Set<string>();
  readonly repeats = 0;
  count = 0;

  constructor(options: PartCheckOptions) {
    this.#options = options;
  }

  take(_topic: string, key: string, value: unknown): void {
    const { left, row } = value as Related;
    const { ledger } = this.#options;
    committedRecord(ledger, partTopics.related.name, key, left);
    if (row !== null) committedRecord(ledger, partTopics.row.name, rowOf(left), row);
    this.count += 1;
    this.#last.set(key, { left, row });
    if (this.#options.mayRepeat) this.#answers.add(answerOf(key, { left, row }));
  }

  /** At least once, what a replaced process still had on its way may come after the last answer: it counts that there was one. */
  missing(): number {
    let missing = 0;
    for (const [key, expected] of this.#expected()) {
      const last = this.#last.get(key);
      const isThere = last?.left === expected.left && last.row === expected.row;
      if (!isThere && !this.#answers.has(answerOf(key, expected))) missing += 1;
    }
    return missing;
  }

  /** Nothing is missing: the last answers are the right ones. */
  verify(): void {
    if (this.#options.mayRepeat) return;
    for (const [key, expected] of this.#expected()) {
      const last = this.#last.get(key);
      if (last?.left === expected.left && last.row === expected.row) continue;
      const what = `${JSON.stringify(last)} instead of ${JSON.stringify(expected)}`;
      throw new Violation('state-is-fold', `${partTopics.relation.name}: key '${key}' ended with ${what}`);
    }
  }

  #expected(): ReadonlyMap<string, Related> {
    const { ledger } = this.#options;
    const rows = committedByKey(ledger, partTopics.row.name);
    const expected = new Map<string, Related>();
    for (const [key, records] of committedByKey(ledger, partTopics.related.name)) {
      const left = (records.at(-1) as { readonly id: number }).id;
      expected.set(key, { left, row: rows.get(rowOf(left))?.at(-1)?.id ?? null });
    }
    return expected;
  }
}

function answerOf(key: string, { left, row }: Related): string {
  return `${key} ${left} ${row}`;
}
