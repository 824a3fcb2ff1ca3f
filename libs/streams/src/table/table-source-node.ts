import type { NodeEnvironment } from '../processor/node-environment.js';
import { ProcessorNode, type Outcome } from '../processor/processor-node.js';
import type { TableStore } from '../store/table-store.js';
import { TableUpdates } from './table-updates.js';

/**
 * Turns records into the changes of a table: the latest value of each key, where a null value deletes. Out-of-order records
 * count too, as in Kafka Streams, unless the store keeps versions.
 */
export class TableSourceNode extends ProcessorNode {
  readonly #store: TableStore;
  readonly #environment: NodeEnvironment;
  readonly #updates: TableUpdates;

  constructor(name: string, store: string, isCached: boolean, environment: NodeEnvironment) {
    super(name);
    this.#store = environment.store(store) as TableStore;
    this.#environment = environment;
    this.#updates = new TableUpdates(this.#store, {
      isCached,
      context: environment.context,
      forward: (key, value, old, timestampMs, isLatest) => this.forwardUpdate(key, value, old, timestampMs, isLatest),
      refused: () => void environment.counters.droppedLate++,
    });
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    if (key === null) {
      this.#environment.counters.droppedNull++;
      return undefined;
    }
    const old = this.#store.row(key)?.value ?? null;
    return this.#updates.put(key, value, old, timestampMs);
  }

  override flush(): Outcome {
    return this.#updates.flush();
  }
}
