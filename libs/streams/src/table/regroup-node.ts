import type { NodeEnvironment } from '../processor/node-environment.js';
import { ProcessorNode, type Outcome } from '../processor/processor-node.js';
import type { Change } from './change.js';

/**
 * Gives each row of a table another key to be aggregated by: what a row was is taken out of its old group, what it is goes
 * into its new one. A row whose new key is null belongs to no group.
 */
export class RegroupNode extends ProcessorNode {
  readonly #keyOf: (value: unknown, key: unknown) => unknown;
  readonly #isVersioned: boolean;
  readonly #environment: NodeEnvironment;
  readonly #textOf: (key: unknown) => string;

  constructor(
    name: string,
    keyOf: (value: unknown, key: unknown) => unknown,
    options: { readonly isVersioned: boolean; readonly textOf: (key: unknown) => string },
    environment: NodeEnvironment,
  ) {
    super(name);
    this.#keyOf = keyOf;
    this.#isVersioned = options.isVersioned;
    this.#textOf = options.textOf;
    this.#environment = environment;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    return this.update(key, value, null, timestampMs, true);
  }

  override update(key: unknown, value: unknown, old: unknown, timestampMs: number, isLatest: boolean): Outcome {
    if (this.#isVersioned && !isLatest) return undefined;
    const newKey = value === null ? null : (this.#keyOf(value, key) ?? null);
    const oldKey = old === null ? null : (this.#keyOf(old, key) ?? null);
    this.#environment.context.forgetValue();
    if (newKey !== null && oldKey !== null && this.#textOf(newKey) === this.#textOf(oldKey)) {
      return this.#change(newKey, { added: value, removed: old }, timestampMs);
    }
    const removed = oldKey === null ? undefined : this.#change(oldKey, { added: null, removed: old }, timestampMs);
    if (newKey === null) return removed;
    const add = (): Outcome => this.#change(newKey, { added: value, removed: null }, timestampMs);
    return removed === undefined ? add() : removed.then(add);
  }

  #change(key: unknown, change: Change<unknown>, timestampMs: number): Outcome {
    return this.forward(key, change, timestampMs);
  }
}
