import type { KeyValueStore, TimestampedValue } from '../store/key-value-store.js';
import type { StateStore } from '../store/state-store.js';

/** What a test sees of a store, over the partitions of its sub-topology. */
export interface StoreView<K, V> {
  /** The value of a key; only of a store that is kept by key. */
  get(key: K): V | undefined;
  /** All entries; those of a windowed store have windowed keys. */
  entries(): IterableIterator<[K, TimestampedValue<V>]>;
  size(): number;
}

/** The view of a store that has one instance a task. */
export function viewOf<K, V>(name: string, stores: readonly StateStore[]): StoreView<K, V> {
  const parts = stores as readonly (StateStore & Partial<Pick<KeyValueStore<K, V>, 'get' | 'entries'>>)[];
  return {
    get: (key) => {
      for (const part of parts) {
        if (part.get === undefined) throw new Error(`the store '${name}' is not kept by key alone: read its entries`);
        const found = part.get(key);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    *entries() {
      for (const part of parts) {
        if (part.entries === undefined)
          throw new Error(`the store '${name}' is an operator's own: it shows no entries`);
        yield* part.entries();
      }
    },
    size: () => parts.reduce((sum, part) => sum + part.size(), 0),
  };
}
