import type { NodeEnvironment } from '../processor/node-environment.js';
import { ProcessorNode, type Outcome } from '../processor/processor-node.js';
import type { TableStore } from '../store/table-store.js';
import { TableUpdates } from '../table/table-updates.js';

/** How an aggregate grows. `undefined` stands for no aggregate yet. */
export interface Fold {
  readonly add: (aggregate: unknown, value: unknown, key: unknown) => unknown;
}

/**
 * Folds the records of each key. Null keys and values are skipped. The result's timestamp is the greatest that went in.
 * With a cache only the last update of a key since the previous commit is logged and passed on.
 */
export class AggregateNode extends ProcessorNode {
  readonly #store: TableStore;
  readonly #fold: Fold;
  readonly #environment: NodeEnvironment;
  readonly #updates: TableUpdates;

  constructor(name: string, store: string, fold: Fold, isCached: boolean, environment: NodeEnvironment) {
    super(name);
    this.#store = environment.store(store) as TableStore;
    this.#fold = fold;
    this.#environment = environment;
    this.#updates = new TableUpdates(this.#store, {
      isCached,
      context: environment.context,
      forward: (key, value, old, timestampMs, isLatest) => this.forwardUpdate(key, value, old, timestampMs, isLatest),
    });
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    if (key === null || value === null) {
      this.#environment.counters.droppedNull++;
      return undefined;
    }
    const before = this.#store.row(key);
    const old = before?.value ?? null;
    this.#environment.context.forgetValue();
    const aggregate = this.#fold.add(before?.value, value, key);
    const newestMs = Math.max(timestampMs, before?.timestampMs ?? timestampMs);
    return this.#updates.put(key, aggregate, old, newestMs);
  }

  override flush(): Outcome {
    return this.#updates.flush();
  }
}
