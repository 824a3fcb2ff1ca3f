import { inOrder } from '../processor/in-order.js';
import type { Outcome } from '../processor/processor-node.js';
import type { RecordContext } from '../processor/record-context.js';

interface HeldUpdate {
  readonly key: unknown;
  readonly value: unknown;
  /** What the value was when it was last emitted. */
  readonly old: unknown;
  readonly timestampMs: number;
  readonly headers: Buffer;
}

/**
 * The last update of each key since the previous commit: what Kafka Streams calls the record cache. An update keeps the
 * headers of the record that caused it.
 */
export class HeldUpdates {
  readonly #context: RecordContext;
  #updates = new Map<string, HeldUpdate>();

  constructor(context: RecordContext) {
    this.#context = context;
  }

  hold(id: string, key: unknown, value: unknown, old: unknown, timestampMs: number): void {
    const held = this.#updates.get(id);
    const before = held === undefined ? old : held.old;
    this.#context.undo?.push(() => {
      if (held === undefined) this.#updates.delete(id);
      else this.#updates.set(id, held);
    });
    this.#updates.set(id, { key, value, old: before, timestampMs, headers: this.#context.copyOfHeaders() });
  }

  /**
   * Emits what was held, in the order in which the keys were first updated. A deletion of what nobody has seen is passed over, as
   * in Kafka Streams.
   */
  release(emit: (update: HeldUpdate) => Outcome): Outcome {
    if (this.#updates.size === 0) return undefined;
    const updates = this.#updates;
    this.#updates = new Map();
    return inOrder(updates.values(), (update) => {
      if (update.value === null && update.old === null) return undefined;
      return this.#emit(update, emit);
    });
  }

  #emit(update: HeldUpdate, emit: (update: HeldUpdate) => Outcome): Outcome {
    return this.#context.during(update.timestampMs, update.headers, () => emit(update));
  }
}
