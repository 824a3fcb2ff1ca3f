import type { NodeEnvironment } from '../processor/node-environment.js';
import { ProcessorNode, type Outcome } from '../processor/processor-node.js';
import type { TableStore } from '../store/table-store.js';

/**
 * Turns records into the changes of a table: the latest value of each key, where a null value deletes. Out-of-order records
 * count too, as in Kafka Streams, unless the store keeps versions.
 */
export class TableSourceNode extends ProcessorNode {
  readonly #store: TableStore;
  readonly #environment: NodeEnvironment;

  constructor(name: string, store: string, environment: NodeEnvironment) {
    super(name);
    this.#store = environment.store(store) as TableStore;
    this.#environment = environment;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    if (key === null) {
      this.#environment.counters.droppedNull++;
      return undefined;
    }
    const old = this.#store.row(key)?.value ?? null;
    const outcome = this.#store.put(key, value, timestampMs);
    if (outcome !== 'refused') return this.forwardUpdate(key, value, old, timestampMs, outcome === 'latest');
    this.#environment.counters.droppedLate++;
    return undefined;
  }
}
