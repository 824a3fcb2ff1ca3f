import type { Outcome } from '../processor/processor-node.js';
import type { RecordContext } from '../processor/record-context.js';
import type { WindowStore } from '../store/window-store.js';
import type { Windowed } from '../window/windowed.js';
import { HeldUpdates } from './held-updates.js';
import type { WindowedFold } from './windowed-fold.js';

type Forward = (key: unknown, value: unknown, old: unknown, timestampMs: number) => Outcome;

/** Puts the aggregates of windows into their store, and passes them on: at once, at the commit, or not before they close. */
export class WindowUpdates {
  readonly #store: WindowStore<unknown, unknown>;
  readonly #isForwarded: boolean;
  readonly #held: HeldUpdates | undefined;
  readonly #forward: Forward;

  constructor(
    store: WindowStore<unknown, unknown>,
    { emit, isCached }: WindowedFold,
    context: RecordContext,
    forward: Forward,
  ) {
    this.#store = store;
    this.#isForwarded = emit === 'update';
    this.#held = isCached ? new HeldUpdates(context) : undefined;
    this.#forward = forward;
  }

  put(windowed: Windowed<unknown>, value: unknown, old: unknown, timestampMs: number): Outcome {
    this.#store.put(windowed.key, windowed.startMs, value, timestampMs, this.#held === undefined);
    if (this.#held === undefined) {
      return this.#isForwarded ? this.#forward(windowed, value, old, timestampMs) : undefined;
    }
    this.#held.hold(windowed.startMs, this.#store.textOf(windowed.key), windowed, value, old, timestampMs);
    return undefined;
  }

  /** Logs and passes on what was held back until the commit. */
  flush(): Outcome {
    return this.#held?.release(({ key, value, old, timestampMs }) => {
      const windowed = key as Windowed<unknown>;
      this.#store.log(windowed.key, windowed.startMs, value, timestampMs);
      return this.#isForwarded ? this.#forward(windowed, value, old, timestampMs) : undefined;
    });
  }
}
