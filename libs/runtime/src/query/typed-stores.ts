import type { StoreQuery, StoreRow } from '@millrace/streams';
import type { QueryOptions, StoreQueries } from './store-queries.js';

/** Which rows of a store, and how many. */
export interface RangeOptions<K> extends QueryOptions {
  /** Only keys after this one, in the order of their bytes. */
  readonly after?: K;
  /** At most so many rows. Default: all. */
  readonly limit?: number;
}

/** Which times, in milliseconds since the epoch, both inclusive. Default: all. */
export interface TimeRange {
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** Reads of a key-value store. Each rejects as {@link StoreQueries.ask}; values are immutable. */
export interface KeyValueQueries<K, V> {
  get(key: K, options?: QueryOptions): Promise<V | undefined>;
  /** The rows with keys in [from, to], both inclusive, in the order of the keys' bytes. */
  range(from: K, to: K, options?: RangeOptions<K>): Promise<readonly StoreRow<K, V>[]>;
  /** All rows, in the order of the keys' bytes. */
  all(options?: RangeOptions<K>): Promise<readonly StoreRow<K, V>[]>;
}

/** Reads of a versioned store. */
export interface VersionedQueries<K, V> extends KeyValueQueries<K, V> {
  /** The value that held at a time, in milliseconds since the epoch. */
  asOf(key: K, timestampMs: number, options?: QueryOptions): Promise<V | undefined>;
}

/** How many windows or sessions of a key are read at most. */
export interface LimitOptions extends QueryOptions {
  /** At most so many rows. Default: all. */
  readonly limit?: number;
}

/** Which windows of all keys are read, and how many. */
export interface WindowRangeOptions<K> extends LimitOptions {
  /** Only windows after this one, in the order of starts, then of the keys' bytes: where the page before has ended. */
  readonly after?: { readonly startMs: number; readonly key: K };
}

/** Reads of a window store. */
export interface WindowQueries<K, V> {
  /** The windows of a key that start in a range of time, in order of their starts. */
  fetch(key: K, times?: TimeRange, options?: LimitOptions): Promise<readonly StoreRow<K, V>[]>;
  /** The windows of all keys that start in a range of time, in order of their starts. */
  fetchAll(times?: TimeRange, options?: WindowRangeOptions<K>): Promise<readonly StoreRow<K, V>[]>;
}

/** Reads of a session store. */
export interface SessionQueries<K, V> {
  /** The sessions of a key that have a part in a range of time, in order of end and start. */
  fetch(key: K, times?: TimeRange, options?: LimitOptions): Promise<readonly StoreRow<K, V>[]>;
}

const LAST_MS = Number.MAX_SAFE_INTEGER - 1;

/** A store as user code reads it: keys and values by its serdes, queries by {@link StoreQueries}. */
class TypedStore<K, V> implements VersionedQueries<K, V>, WindowQueries<K, V>, SessionQueries<K, V> {
  readonly #store: string;
  readonly #queries: () => StoreQueries;

  constructor(store: string, queries: () => StoreQueries) {
    this.#store = store;
    this.#queries = queries;
  }

  async get(key: K, options?: QueryOptions): Promise<V | undefined> {
    return (await this.#rows({ kind: 'key', key: this.#bytes(key) }, options))[0]?.value;
  }

  async asOf(key: K, timestampMs: number, options?: QueryOptions): Promise<V | undefined> {
    return (await this.#rows({ kind: 'as-of', key: this.#bytes(key), timestampMs }, options))[0]?.value;
  }

  async range(from: K, to: K, options: RangeOptions<K> = {}): Promise<readonly StoreRow<K, V>[]> {
    const bounds = { from: this.#bytes(from), to: this.#bytes(to) };
    return this.#rows({ kind: 'range', ...bounds, ...this.#page(options) }, options);
  }

  async all(options: RangeOptions<K> = {}): Promise<readonly StoreRow<K, V>[]> {
    return this.#rows({ kind: 'range', ...this.#page(options) }, options);
  }

  async fetch(key: K, times: TimeRange = {}, options: LimitOptions = {}): Promise<readonly StoreRow<K, V>[]> {
    const { fromMs = 0, toMs = LAST_MS } = times;
    const kind = this.#queries().spec(this.#store).kind === 'session' ? 'sessions' : 'windows';
    return this.#rows({ kind, key: this.#bytes(key), fromMs, toMs, ...limited(options) }, options);
  }

  async fetchAll(times: TimeRange = {}, options: WindowRangeOptions<K> = {}): Promise<readonly StoreRow<K, V>[]> {
    const { fromMs = 0, toMs = LAST_MS } = times;
    const { after: last } = options;
    const after = last === undefined ? {} : { after: { startMs: last.startMs, key: this.#bytes(last.key) } };
    return this.#rows({ kind: 'all-windows', fromMs, toMs, ...after, ...limited(options) }, options);
  }

  async #rows(query: StoreQuery, options?: QueryOptions): Promise<readonly StoreRow<K, V>[]> {
    const { rows } = await this.#queries().ask(this.#store, query, options);
    return rows as readonly StoreRow<K, V>[];
  }

  #bytes(key: K): Buffer {
    return this.#queries().spec(this.#store).key.serialize(key);
  }

  #page({ after, limit }: RangeOptions<K>): { after?: Buffer; limit?: number } {
    return { ...(after === undefined ? {} : { after: this.#bytes(after) }), ...limited({ limit }) };
  }
}

function limited({ limit }: { readonly limit?: number | undefined }): { readonly limit?: number } {
  return limit === undefined ? {} : { limit };
}

/**
 * The reads of a store. What its kind does not have rejects with `MR_QUERY_INVALID`: declare it as the interface of its kind.
 *
 * @param queries Asked at each read, so that the application may be made later.
 */
export function storeReads<K, V>(
  store: string,
  queries: () => StoreQueries,
): VersionedQueries<K, V> & WindowQueries<K, V> & SessionQueries<K, V> {
  return new TypedStore(store, queries);
}
