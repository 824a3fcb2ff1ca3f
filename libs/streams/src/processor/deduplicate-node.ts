import type { WindowStore } from '../store/window-store.js';
import type { NodeEnvironment } from './node-environment.js';
import { ProcessorNode, type Outcome } from './processor-node.js';

/** What makes two records the same, and for how long. */
export interface Deduplication {
  readonly store: string;
  /** Null: the record is the same as no other. */
  readonly by: (value: unknown, key: unknown) => unknown;
  readonly withinMs: number;
}

/** Passes on the first record of each id, and drops those whose times are less than `withinMs` from one that was passed on. */
export class DeduplicateNode extends ProcessorNode {
  readonly #deduplication: Deduplication;
  /** The times of the records that were passed on, by id. */
  readonly #passed: WindowStore<unknown, unknown>;

  constructor(name: string, deduplication: Deduplication, environment: NodeEnvironment) {
    super(name);
    this.#deduplication = deduplication;
    this.#passed = environment.store(deduplication.store) as WindowStore<unknown, unknown>;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    const { by, withinMs } = this.#deduplication;
    const id = by(value, key) ?? null;
    if (id === null) return this.forward(key, value, timestampMs);
    const near = this.#passed.fetch(id, timestampMs - withinMs + 1, timestampMs + withinMs - 1).next();
    if (near.done !== true) return undefined;
    this.#passed.put(id, timestampMs, true, timestampMs);
    return this.forward(key, value, timestampMs);
  }
}
