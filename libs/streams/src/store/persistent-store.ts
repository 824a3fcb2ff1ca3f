import type { PendingRows } from './engine/pending-rows.js';
import type { StateStore } from './state-store.js';

/** A store whose committed rows are kept by a {@link StoreEngine}: {@link StateStore.commit} leaves them to be taken from here. */
export interface PersistentStore extends StateStore {
  readonly rows: PendingRows;
  /** Begins anew: the committed rows were wiped. */
  reset(): void;
}
