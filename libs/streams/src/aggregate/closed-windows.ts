import { inOrder } from '../processor/in-order.js';
import type { Outcome } from '../processor/processor-node.js';
import type { StreamTime } from '../processor/stream-time.js';
import type { WindowStore } from '../store/window-store.js';

type Emit = (key: unknown, value: unknown, timestampMs: number) => Outcome;

/** Emits each window once, when it has closed. How far that has come is committed with the stream times. */
export class ClosedWindows {
  readonly #store: WindowStore<unknown, unknown>;
  readonly #emitted: StreamTime;
  readonly #emit: Emit;

  /** @param emitted windows with an end before this time have been emitted. */
  constructor(store: WindowStore<unknown, unknown>, emitted: StreamTime, emit: Emit) {
    this.#store = store;
    this.#emitted = emitted;
    this.#emit = emit;
  }

  /**
   * Emits the windows that end in (what was emitted, `closeMs`].
   *
   * @param lengthMs from a window's start to the end that counts.
   */
  emit(closeMs: number, lengthMs: number): Outcome {
    if (closeMs <= this.#emitted.ms) return undefined;
    const afterMs = this.#emitted.ms;
    this.#emitted.ms = closeMs;
    const fromMs = afterMs < 0 ? -Infinity : afterMs - lengthMs + 1;
    const closed = this.#store.startingIn(fromMs, closeMs - lengthMs);
    return inOrder(closed, ([key, { value, timestampMs }]) => this.#emit(key, value, timestampMs));
  }
}
