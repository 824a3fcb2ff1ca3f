import { inOrder } from '../processor/in-order.js';
import type { Outcome } from '../processor/processor-node.js';
import type { RecordContext } from '../processor/record-context.js';

interface HeldUpdate {
  readonly key: unknown;
  value: unknown;
  /** What the value was when it was last emitted. */
  readonly old: unknown;
  timestampMs: number;
  headers: Buffer;
}

/**
 * The last update of each key since the previous commit: what Kafka Streams calls the record cache. An update keeps the
 * headers of the record that caused it.
 */
export class HeldUpdates {
  readonly #context: RecordContext;
  /** In the order in which the keys were first updated. */
  #updates: HeldUpdate[] = [];
  /** The same by window (0 where there are none) and by the text that stands for the key. */
  #byWindow = new Map<number, Map<string, HeldUpdate>>();

  constructor(context: RecordContext) {
    this.#context = context;
  }

  /**
   * Holds an update back.
   *
   * @param startMs The window's start; 0 where keys have no windows.
   * @param text Stands for the key and no other.
   */
  hold(startMs: number, text: string, key: unknown, value: unknown, old: unknown, timestampMs: number): void {
    let byText = this.#byWindow.get(startMs);
    if (byText === undefined) this.#byWindow.set(startMs, (byText = new Map<string, HeldUpdate>()));
    const held = byText.get(text);
    const headers = this.#context.copyOfHeaders();
    if (held === undefined) {
      const update = { key, value, old, timestampMs, headers };
      byText.set(text, update);
      this.#updates.push(update);
      this.#context.undo?.push(() => {
        this.#updates.pop();
        this.#byWindow.get(startMs)?.delete(text);
      });
      return;
    }
    const { undo } = this.#context;
    if (undo !== undefined) {
      const before = { ...held };
      undo.push(() => Object.assign(held, before));
    }
    held.value = value;
    held.timestampMs = timestampMs;
    held.headers = headers;
  }

  /**
   * Emits what was held, in the order in which the keys were first updated. A deletion of what nobody has seen is passed over, as
   * in Kafka Streams.
   */
  release(emit: (update: HeldUpdate) => Outcome): Outcome {
    if (this.#updates.length === 0) return undefined;
    const updates = this.#updates;
    this.#updates = [];
    this.#byWindow = new Map();
    return inOrder(updates, (update) => {
      if (update.value === null && update.old === null) return undefined;
      return this.#emit(update, emit);
    });
  }

  #emit(update: HeldUpdate, emit: (update: HeldUpdate) => Outcome): Outcome {
    return this.#context.during(update.timestampMs, update.headers, () => emit(update));
  }
}
