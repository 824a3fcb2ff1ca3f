import type { Duration } from '@millrace/kernel';
import type { Serde } from '../serde/serde.js';
import { bytes } from '../serde/serdes.js';
import type { KeyValueStore, TimestampedValue } from '../store/key-value-store.js';
import type { SessionStore } from '../store/session-store.js';
import type { CustomStoreEnvironment, StateStore } from '../store/state-store.js';
import type { PutOutcome } from '../store/table-store.js';
import type { WindowStore } from '../store/window-store.js';
import { optionMs } from '../topology/option-durations.js';
import type { StoreSpec } from '../topology/specs.js';
import { storeSpec, type StoreOptions } from './store-options.js';

declare const opens: unique symbol;

/**
 * A store that a processor declares; `S` is what `context.store(definition)` opens. Two processors of a sub-topology share a
 * store by giving the same definition.
 */
export interface StoreDefinition<out S = unknown> {
  readonly name: string;
  readonly spec: StoreSpec;
  /** Only a type: there is no such property. */
  readonly [opens]?: S;
}

/** How a store of a processor writes its rows, and what keeps them. */
export interface StoreDefinitionOptions<K, V> extends Pick<StoreOptions<V>, 'engine' | 'logging'> {
  readonly key: Serde<K>;
  readonly value: Serde<V>;
}

/** What a processor sees of a versioned store (KIP-889). */
export interface VersionedKeyValueStore<K, V> {
  /** The value of now. */
  row(key: K): TimestampedValue<V> | undefined;
  /** The value that held at a time; undefined for one before the history. */
  rowAsOf(key: K, timestampMs: number): TimestampedValue<V> | undefined;
  /** Sets or, with null, deletes a key's value as of a time. */
  put(key: K, value: V | null, timestampMs: number): PutOutcome;
}

/** What a processor sees of a window store. */
export type WindowedKeyValueStore<K, V> = Pick<
  WindowStore<K, V>,
  'get' | 'put' | 'fetch' | 'startingIn' | 'latestStartMs' | 'entries'
>;

/** What a processor sees of a session store. */
export type SessionKeyValueStore<K, V> = Pick<
  SessionStore<K, V>,
  'find' | 'put' | 'remove' | 'endingIn' | 'latestEndMs' | 'entries'
>;

/** Declares a key-value store. */
export function keyValueStore<K, V>(
  name: string,
  options: StoreDefinitionOptions<K, V>,
): StoreDefinition<KeyValueStore<K, V>> {
  return define(name, { kind: 'key-value', ...rowsOf(options) });
}

/** Declares a store that knows what a key's value was at any time within `history` of its latest write. */
export function versionedStore<K, V>(
  name: string,
  options: StoreDefinitionOptions<K, V> & { readonly history: Duration },
): StoreDefinition<VersionedKeyValueStore<K, V>> {
  const problems: string[] = [];
  const retentionMs = optionMs(`history of '${name}'`, options.history, problems);
  return define(name, { kind: 'versioned', ...rowsOf(options), retentionMs, problems });
}

/** Declares a store of one value a key and window; windows leave `retention` after the start of the latest one. */
export function windowStore<K, V>(
  name: string,
  options: StoreDefinitionOptions<K, V> & { readonly size: Duration; readonly retention: Duration },
): StoreDefinition<WindowedKeyValueStore<K, V>> {
  const problems: string[] = [];
  const windowSizeMs = optionMs(`size of '${name}'`, options.size, problems);
  const retentionMs = optionMs(`retention of '${name}'`, options.retention, problems);
  return define(name, {
    kind: 'window',
    ...rowsOf(options),
    windowSizeMs,
    retentionMs,
    isFetchedByKey: true,
    problems,
  });
}

/** Declares a store of sessions by key; sessions leave `retention` after the end of the latest one. */
export function sessionStore<K, V>(
  name: string,
  options: StoreDefinitionOptions<K, V> & { readonly retention: Duration },
): StoreDefinition<SessionKeyValueStore<K, V>> {
  const problems: string[] = [];
  const retentionMs = optionMs(`retention of '${name}'`, options.retention, problems);
  return define(name, { kind: 'session', ...rowsOf(options), retentionMs, problems });
}

/**
 * Declares a store of one's own, such as an index or a sketch. It takes part in commits, rollbacks and restarts by what
 * {@link StateStore} asks for.
 *
 * @param create makes the store of each task.
 */
export function customStore<S extends StateStore>(
  name: string,
  create: (environment: CustomStoreEnvironment) => S,
  options: { readonly logging?: boolean } = {},
): StoreDefinition<S> {
  const { logging = true } = options;
  return define(name, { kind: 'custom', key: bytes, value: bytes, isLogged: logging, create });
}

function define<S>(name: string, spec: Pick<StoreSpec, 'kind' | 'key'> & Partial<StoreSpec>): StoreDefinition<S> {
  return { name, spec: storeSpec({ ...spec, name }) };
}

function rowsOf<K, V>({
  key,
  value,
  engine,
  logging = true,
}: StoreDefinitionOptions<K, V>): Pick<StoreSpec, 'key' | 'value' | 'engine' | 'isLogged'> {
  return { key, value, engine, isLogged: logging };
}
