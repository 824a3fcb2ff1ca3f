import { toMs, type Duration } from '@millrace/kernel';
import type { Serde } from '../serde/serde.js';
import { json } from '../serde/serdes.js';
import type { StoreSpec } from '../topology/specs.js';

/** The store of a table or an aggregate. */
export interface StoreOptions<V> {
  /** Permanent name of the store; its changelog is `<applicationId>-<store>-changelog`. */
  readonly store: string;
  /** How values are written to the changelog. Default JSON. */
  readonly value?: Serde<V>;
  /**
   * Whether only the last update of a key since the previous commit is logged and passed on: fewer records, later by up to a
   * commit interval. Default false: every update is seen. (Kafka: `withCachingEnabled`.)
   */
  readonly cache?: boolean;
}

/** The store of a table that is kept by key. */
export interface TableStoreOptions<V> {
  /** Permanent name of the store; its changelog is `<applicationId>-<store>-changelog`. */
  readonly store: string;
  /** How values are written to the changelog. Default as the table's values are written. */
  readonly value?: Serde<V>;
  /**
   * Keeps versions for so long, in stream time: a join finds the value that held at a record's time, and an out-of-order record
   * changes the past, not the present (KIP-889, KIP-914). Default: only the latest value to arrive is kept.
   */
  readonly history?: Duration;
}

/** The specification of the store of a table. */
export function tableStoreSpec<K, V>(
  serdes: { readonly key: Serde<K>; readonly value: Serde<V> },
  { store, value = serdes.value, history }: TableStoreOptions<V>,
): StoreSpec {
  const kind = history === undefined ? 'key-value' : 'versioned';
  const retentionMs = history === undefined ? Infinity : toMs(history);
  return storeSpec({ name: store, kind, key: serdes.key, value, retentionMs });
}

/** A store that a processor declares for itself. */
export interface KeyValueStoreDefinition<K, V> {
  readonly name: string;
  readonly key: Serde<K>;
  readonly value: Serde<V>;
}

/** Declares a key-value store for a processor. */
export function keyValueStore<K, V>(
  name: string,
  serdes: { readonly key: Serde<K>; readonly value: Serde<V> },
): KeyValueStoreDefinition<K, V> {
  return { name, ...serdes };
}

/** Completes a store's specification with the defaults. */
export function storeSpec(given: Pick<StoreSpec, 'name' | 'kind' | 'key'> & Partial<StoreSpec>): StoreSpec {
  return {
    value: json<unknown>(),
    windowSizeMs: 0,
    retentionMs: Infinity,
    isFetchedByKey: false,
    isCached: false,
    sourceTopic: undefined,
    ...given,
  };
}
