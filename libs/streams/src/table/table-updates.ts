import { HeldUpdates } from '../aggregate/held-updates.js';
import type { Outcome } from '../processor/processor-node.js';
import type { RecordContext } from '../processor/record-context.js';
import type { TableStore } from '../store/table-store.js';

/** How a change of a table is passed on. */
export type ForwardUpdate = (
  key: unknown,
  value: unknown,
  old: unknown,
  timestampMs: number,
  isLatest: boolean,
) => Outcome;

/** How a table keeps and shows its rows. */
export interface TableUpdatesOptions {
  /** Whether only the last update of a key since the previous commit is logged and passed on. */
  readonly isCached: boolean;
  readonly context: RecordContext;
  readonly forward: ForwardUpdate;
  /** Called for a row that is older than the history of a versioned store. */
  readonly refused?: () => void;
}

/** Puts the rows of a table into their store, and passes their changes on: at once, or at the commit. */
export class TableUpdates {
  readonly #store: TableStore;
  readonly #options: TableUpdatesOptions;
  readonly #held: HeldUpdates | undefined;

  constructor(store: TableStore, options: TableUpdatesOptions) {
    this.#store = store;
    this.#options = options;
    this.#held = options.isCached ? new HeldUpdates(options.context) : undefined;
  }

  /** A key's value is `value` now and was `old`; null deletes. */
  put(key: unknown, value: unknown, old: unknown, timestampMs: number): Outcome {
    // What was shown last is in the store; `old` is only told where somebody below asks for it.
    const shown = this.#held === undefined ? null : (this.#store.row(key)?.value ?? null);
    const outcome = this.#store.put(key, value, timestampMs, this.#held === undefined);
    if (outcome === 'refused') return this.#options.refused?.();
    if (this.#held === undefined) return this.#options.forward(key, value, old, timestampMs, outcome === 'latest');
    this.#held.hold(0, this.#store.textOf(key), key, value, shown, timestampMs);
    return undefined;
  }

  /** Logs and passes on what was held back until the commit. */
  flush(): Outcome {
    return this.#held?.release(({ key, value, old, timestampMs }) => {
      this.#store.log(key, value, timestampMs);
      return this.#options.forward(key, value, old, timestampMs, true);
    });
  }
}
