import type { StoreSet } from '@millrace/streams';
import type { TaskProgress } from '../assignment/member-data.js';

/** How far the stores of a task have followed their changelogs, compared with where those end. */
export class StoreProgress {
  readonly #stores: StoreSet;
  readonly #ends = new Map<string, number>();

  constructor(stores: StoreSet) {
    this.#stores = stores;
  }

  /** The changelog of a store was seen to end there; for a table that is read from a topic: what it may be followed to. */
  sawEnd(store: string, offset: number): void {
    this.#ends.set(store, offset);
  }

  /** Changelog records that a store does not have; `undefined` until the end is known. */
  lagOf(store: string): number | undefined {
    const end = this.#ends.get(store);
    return end === undefined ? undefined : Math.max(0, end - (this.#stores.restorePosition(store) ?? 0));
  }

  /** Of all stores together; `undefined` until all ends are known. */
  get lagRecords(): number | undefined {
    let sum = 0;
    for (const { store } of this.#stores.changelogs) {
      const lag = this.lagOf(store);
      if (lag === undefined) return undefined;
      sum += lag;
    }
    return sum;
  }

  /** What the leader of the group is told. Where an end is not known yet, others know it, or nobody does. */
  get total(): TaskProgress {
    const lag = this.#stores.changelogs.reduce((sum, { store }) => sum + (this.lagOf(store) ?? 0), 0);
    return { position: this.#position, end: this.#position + lag };
  }

  /** What the leader is told of stores that are complete, as those of a running task are. */
  get complete(): TaskProgress {
    return { position: this.#position, end: this.#position };
  }

  get #position(): number {
    return this.#stores.changelogs.reduce((sum, { store }) => sum + (this.#stores.restorePosition(store) ?? 0), 0);
  }
}
