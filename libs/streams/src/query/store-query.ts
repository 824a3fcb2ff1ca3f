/**
 * Queries as data (KIP-796 has the idea): a closed set of kinds that a store answers, that another process can be sent, and that
 * an HTTP route is turned into. Keys are bytes, as the store's key serde writes them, and so are the bounds of ranges: rows
 * come in the order of their keys' bytes, whatever keeps the store.
 */
import type { TimestampedValue } from '../store/key-value-store.js';

/** The row of a key. Of key-value and versioned stores. */
export interface KeyQuery {
  readonly kind: 'key';
  readonly key: Buffer;
}

/** The row of a key as it was at a time, in milliseconds since the epoch (KIP-960). Of versioned stores. */
export interface AsOfQuery {
  readonly kind: 'as-of';
  readonly key: Buffer;
  readonly timestampMs: number;
}

/** Which part of many rows is wanted. */
export interface Page {
  /** Only keys after this one: where the page before has ended. */
  readonly after?: Buffer;
  /** At most so many rows. Default: all. */
  readonly limit?: number;
}

/** The rows with keys in [from, to], both inclusive; without bounds all rows. Of key-value and versioned stores. */
export interface RangeQuery extends Page {
  readonly kind: 'range';
  readonly from?: Buffer;
  readonly to?: Buffer;
}

/** The rows whose keys begin with these bytes. Of key-value and versioned stores. */
export interface PrefixQuery extends Page {
  readonly kind: 'prefix';
  readonly prefix: Buffer;
}

/**
 * The windows of a key that start in [fromMs, toMs], in order of their starts. Of window stores. The next page begins behind the start
 * of the last row.
 */
export interface WindowsQuery {
  readonly kind: 'windows';
  readonly key: Buffer;
  readonly fromMs: number;
  readonly toMs: number;
  /** At most so many rows. Default: all. */
  readonly limit?: number;
}

/** The windows of all keys that start in [fromMs, toMs], in order of their starts, then of their keys. Of window stores. */
export interface AllWindowsQuery {
  readonly kind: 'all-windows';
  readonly fromMs: number;
  readonly toMs: number;
  /** Only windows after this one. */
  readonly after?: { readonly startMs: number; readonly key: Buffer };
  /** At most so many rows. Default: all. */
  readonly limit?: number;
}

/** The sessions of a key that have a part in [fromMs, toMs], in order of end and start. Of session stores. */
export interface SessionsQuery {
  readonly kind: 'sessions';
  readonly key: Buffer;
  readonly fromMs: number;
  readonly toMs: number;
  /** Only sessions after this one: where the page before has ended. */
  readonly afterSession?: { readonly startMs: number; readonly endMs: number };
  /** At most so many rows. Default: all. */
  readonly limit?: number;
}

/** Everything that a store can be asked. */
export type StoreQuery =
  KeyQuery | AsOfQuery | RangeQuery | PrefixQuery | WindowsQuery | AllWindowsQuery | SessionsQuery;

/** A row of an answer. Values are those of the store, not copies: treat them as immutable. */
export interface StoreRow<K = unknown, V = unknown> extends TimestampedValue<V> {
  readonly key: K;
  /** Of a window or session: its start, inclusive. */
  readonly startMs?: number;
  /** Of a window: its end, exclusive; of a session: the time of its last record. */
  readonly endMs?: number;
}
