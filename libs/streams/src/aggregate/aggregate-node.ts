import type { NodeEnvironment } from '../processor/node-environment.js';
import { ProcessorNode, type Outcome } from '../processor/processor-node.js';
import type { TableStore } from '../store/table-store.js';
import { HeldUpdates } from './held-updates.js';

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
  readonly #held: HeldUpdates | undefined;

  constructor(name: string, store: string, fold: Fold, isCached: boolean, environment: NodeEnvironment) {
    super(name);
    this.#store = environment.store(store) as TableStore;
    this.#fold = fold;
    this.#environment = environment;
    this.#held = isCached ? new HeldUpdates(environment.context) : undefined;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    if (key === null || value === null) {
      this.#environment.counters.droppedNull++;
      return undefined;
    }
    const before = this.#store.row(key);
    const old = before?.value ?? null;
    const aggregate = this.#fold.add(before?.value, value, key);
    const newestMs = Math.max(timestampMs, before?.timestampMs ?? timestampMs);
    const outcome = this.#store.put(key, aggregate, newestMs, this.#held === undefined);
    if (outcome === 'refused') return undefined;
    if (this.#held === undefined) return this.forwardUpdate(key, aggregate, old, newestMs, outcome === 'latest');
    this.#held.hold(this.#store.textOf(key), key, aggregate, old, newestMs);
    return undefined;
  }

  override flush(): Outcome {
    return this.#held?.release(({ key, value, old, timestampMs }) => {
      this.#store.log(key, value, timestampMs);
      return this.forwardUpdate(key, value, old, timestampMs, true);
    });
  }
}
