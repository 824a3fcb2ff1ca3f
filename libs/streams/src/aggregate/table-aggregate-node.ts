import type { NodeEnvironment } from '../processor/node-environment.js';
import { ProcessorNode, type Outcome } from '../processor/processor-node.js';
import type { TableStore } from '../store/table-store.js';
import type { Change } from '../table/change.js';
import { TableUpdates } from '../table/table-updates.js';

/** How an aggregate of a table follows its rows. `undefined` stands for no aggregate yet. */
export interface TableFold {
  readonly add: (aggregate: unknown, value: unknown, key: unknown) => unknown;
  readonly subtract: (aggregate: unknown, value: unknown, key: unknown) => unknown;
  /**
   * Whether the result's time counts the old aggregate also where nothing of it is left: an aggregate's does and a
   * reduction's does not, as in Kafka Streams.
   */
  readonly keepsTime: boolean;
}

/** Folds the rows of a regrouped table: takes out what a row was, then adds what it is. */
export class TableAggregateNode extends ProcessorNode {
  readonly #store: TableStore;
  readonly #fold: TableFold;
  readonly #environment: NodeEnvironment;
  readonly #updates: TableUpdates;

  constructor(name: string, store: string, fold: TableFold, isCached: boolean, environment: NodeEnvironment) {
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
    const { added, removed } = value as Change<unknown>;
    const { add, subtract, keepsTime } = this.#fold;
    const before = this.#store.row(key);
    let aggregate = before?.value ?? null;
    let newestMs = timestampMs;
    if (removed !== null && before !== undefined) {
      aggregate = subtract(aggregate, removed, key) ?? null;
      newestMs = Math.max(newestMs, before.timestampMs);
    }
    if (added !== null) {
      if (before !== undefined && (keepsTime || aggregate !== null)) newestMs = Math.max(newestMs, before.timestampMs);
      aggregate = add(aggregate ?? undefined, added, key) ?? null;
    }
    return this.#updates.put(key, aggregate, before?.value ?? null, newestMs);
  }

  override flush(): Outcome {
    return this.#updates.flush();
  }
}
