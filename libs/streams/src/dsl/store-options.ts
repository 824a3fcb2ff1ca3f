import type { Duration } from '@millrace/kernel';
import type { Serde } from '../serde/serde.js';
import { json } from '../serde/serdes.js';
import { optionMs } from '../topology/option-durations.js';
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
  /**
   * What keeps the store: `memory` is the heap, any other an engine that the application registers under this name. Default: the
   * application's default engine, which is `memory` unless it names another.
   */
  readonly engine?: string;
  /**
   * Whether changes are written to a changelog. Default true. Without one they are lost with the task, unless an engine keeps them
   * on this machine. (Kafka: `withLoggingDisabled`.)
   */
  readonly logging?: boolean;
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
  /**
   * Whether only the last update of a key since the previous commit is logged and passed on; see {@link StoreOptions.cache}. Default
   * false. Not together with `history`.
   */
  readonly cache?: boolean;
  /**
   * What keeps the store: `memory` is the heap, any other an engine that the application registers under this name. Default: the
   * application's default engine, which is `memory` unless it names another.
   */
  readonly engine?: string;
  /**
   * Whether changes are written to a changelog. Default true. Without one they are lost with the task, unless an engine keeps them
   * on this machine. (Kafka: `withLoggingDisabled`.)
   */
  readonly logging?: boolean;
}

/** The specification of the store of a table. */
export function tableStoreSpec<K, V>(
  serdes: { readonly key: Serde<K>; readonly value: Serde<V> },
  { store, value = serdes.value, history, cache = false, engine, logging = true }: TableStoreOptions<V>,
): StoreSpec {
  const kind = history === undefined ? 'key-value' : 'versioned';
  const problems: string[] = [];
  const retentionMs = history === undefined ? Infinity : optionMs(`history of '${store}'`, history, problems);
  return storeSpec({
    name: store,
    kind,
    key: serdes.key,
    value,
    retentionMs,
    isCached: cache,
    engine,
    isLogged: logging,
    problems,
  });
}

/** Completes a store's specification with the defaults. */
export function storeSpec(given: Pick<StoreSpec, 'name' | 'kind' | 'key'> & Partial<StoreSpec>): StoreSpec {
  return {
    value: json<unknown>(),
    windowSizeMs: 0,
    retentionMs: Infinity,
    isFetchedByKey: false,
    isCached: false,
    engine: undefined,
    isLogged: true,
    sourceTopic: undefined,
    ...given,
  };
}
