import type { HeapKeyValueStore } from '../store/key-value-store.js';
import type { NodeEnvironment } from '../processor/node-environment.js';
import { ProcessorNode, type Outcome } from '../processor/processor-node.js';

/** Keeps the latest value of each key; a null value deletes. Out-of-order records count too, as in Kafka Streams. */
export class TableSourceNode extends ProcessorNode {
  readonly #store: HeapKeyValueStore<unknown, unknown>;
  readonly #environment: NodeEnvironment;

  constructor(name: string, store: string, environment: NodeEnvironment) {
    super(name);
    this.#store = environment.store(store) as HeapKeyValueStore<unknown, unknown>;
    this.#environment = environment;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    if (key === null) {
      this.#environment.counters.droppedNull++;
      return undefined;
    }
    this.#store.put(key, value, timestampMs);
    return this.forward(key, value, timestampMs);
  }
}
