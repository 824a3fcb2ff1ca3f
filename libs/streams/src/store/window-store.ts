import type { Windowed } from '../window/windowed.js';
import type { TimestampedValue } from './key-value-store.js';
import type { StateStore } from './state-store.js';

/**
 * One value a key and window. A window whose start is more than the retention before that of the latest is gone, as in Kafka
 * Streams.
 */
export interface WindowStore<K, V> extends StateStore {
  get(key: K, startMs: number): TimestampedValue<V> | undefined;
  /** Sets or, with null, deletes a window's value; `isLogged` false leaves the changelog to a later {@link log}. */
  put(key: K, startMs: number, value: V | null, timestampMs: number, isLogged?: boolean): void;
  /** Writes a window's value to the changelog. */
  log(key: K, startMs: number, value: V | null, timestampMs: number): void;
  /** The windows of a key that start in [fromMs, toMs], in order; only of a store that was made to be fetched by key. */
  fetch(key: K, fromMs: number, toMs: number): IterableIterator<[number, TimestampedValue<V>]>;
  /** The windows of all keys that start in [fromMs, toMs], in order of their starts. */
  startingIn(fromMs: number, toMs: number): IterableIterator<[Windowed<K>, TimestampedValue<V>]>;
  /** The start of the latest window; undefined when there is none. */
  latestStartMs(): number | undefined;
  /** All rows, in order of their windows' starts. */
  entries(): IterableIterator<[Windowed<K>, TimestampedValue<V>]>;
  /** A text that stands for the key and no other. */
  textOf(key: K): string;
}
