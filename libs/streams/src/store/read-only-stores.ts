/**
 * Stores as interactive queries see them: rows are read, never written. A view is read at once, within one turn of the event
 * loop; kept for longer it shows what was committed meanwhile.
 */
import type { Windowed } from '../window/windowed.js';
import type { TimestampedValue } from './key-value-store.js';
import type { Session } from './session-store.js';

/**
 * What a query sees of the open transaction: nothing (`read_committed`), or what it has written so far, which may yet be
 * rolled back (`read_uncommitted`). Named as Kafka's `isolation.level`.
 */
export type QueryIsolation = 'read_committed' | 'read_uncommitted';

/** A store of one value a key. */
export interface ReadOnlyKeyValueStore<K, V> {
  row(key: K): TimestampedValue<V> | undefined;
  /** The rows whose key's bytes are in [from, to), in the order of these bytes; without `to` up to the last. */
  range(from: Buffer, to?: Buffer): IterableIterator<[K, TimestampedValue<V>]>;
}

/** A store that knows what a key's value was; its rows are the latest versions. */
export interface ReadOnlyVersionedStore<K, V> extends ReadOnlyKeyValueStore<K, V> {
  /** The value that held at a time; undefined for one before the history. */
  rowAsOf(key: K, timestampMs: number): TimestampedValue<V> | undefined;
}

/** A store of one value a key and window. */
export interface ReadOnlyWindowStore<K, V> {
  /** The windows of a key that start in [fromMs, toMs], in order, by their starts. */
  fetch(key: K, fromMs: number, toMs: number): IterableIterator<[number, TimestampedValue<V>]>;
  /** The windows of all keys that start in [fromMs, toMs], in order of their starts. */
  startingIn(fromMs: number, toMs: number): IterableIterator<[Windowed<K>, TimestampedValue<V>]>;
}

/** A store of sessions. */
export interface ReadOnlySessionStore<K, V> {
  /** The sessions of a key that end at `earliestEndMs` or later and start at `latestStartMs` or earlier, in order of end and start. */
  find(key: K, earliestEndMs: number, latestStartMs: number): readonly Session<K, V>[];
}

/** A store that can be queried. */
export interface Queryable<View> {
  readOnly(isolation: QueryIsolation): View;
}
