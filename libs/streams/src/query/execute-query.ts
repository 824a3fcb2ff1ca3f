import { RecordError } from '@millrace/kernel';
import type { TimestampedValue } from '../store/key-value-store.js';
import type {
  QueryIsolation,
  Queryable,
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedStore,
  ReadOnlyWindowStore,
} from '../store/read-only-stores.js';
import type { StateStore } from '../store/state-store.js';
import type { StoreKind, StoreSpec } from '../topology/specs.js';
import type { Windowed } from '../window/windowed.js';
import { keysOf } from './key-bounds.js';
import type { AllWindowsQuery, PrefixQuery, RangeQuery, StoreQuery, StoreRow } from './store-query.js';

const ANSWERED_BY: Readonly<Record<StoreQuery['kind'], readonly StoreKind[]>> = {
  key: ['key-value', 'versioned'],
  'as-of': ['versioned'],
  range: ['key-value', 'versioned'],
  prefix: ['key-value', 'versioned'],
  windows: ['window'],
  'all-windows': ['window'],
  sessions: ['session'],
};

const TIMES = ['timestampMs', 'fromMs', 'toMs'] as const;

/**
 * Checks that a store can be asked a query.
 *
 * @throws {RecordError} (dead-letter) `MR_QUERY_INVALID` when it is of another kind, when the key is not one of the store's
 *   serde, when a time is no whole number of milliseconds, or when the limit is no whole number above 0.
 */
export function checkQuery(spec: StoreSpec, query: StoreQuery): void {
  if (!ANSWERED_BY[query.kind].includes(spec.kind)) {
    const fitting = Object.entries(ANSWERED_BY).filter(([, kinds]) => kinds.includes(spec.kind));
    const remedy = fitting.length === 0 ? 'it cannot be queried' : `ask by ${fitting.map(([kind]) => kind).join(', ')}`;
    throw invalid(`the store '${spec.name}' is of kind '${spec.kind}' and answers no '${query.kind}': ${remedy}`);
  }
  if ('key' in query) readKey(spec, query.key);
  const limit = 'limit' in query ? query.limit : undefined;
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0)) {
    throw invalid(`limit: ${limit} is not a whole number above 0`);
  }
  const given: Partial<Record<(typeof TIMES)[number], number>> = query as object;
  for (const name of TIMES) {
    const timeMs = given[name];
    if (timeMs === undefined || Number.isSafeInteger(timeMs)) continue;
    throw invalid(`${name}: ${timeMs} is not a time in whole milliseconds since 1970`);
  }
}

/** Answers a query from the store of one task. Throws as {@link checkQuery}. */
export function executeQuery(
  spec: StoreSpec,
  store: StateStore,
  query: StoreQuery,
  isolation: QueryIsolation,
): StoreRow[] {
  checkQuery(spec, query);
  // The kind of the specification decides which class of store the task has made.
  const view = <View>(): View => (store as unknown as Queryable<View>).readOnly(isolation);
  switch (query.kind) {
    case 'key': {
      const key = readKey(spec, query.key);
      return oneRow(key, view<ReadOnlyKeyValueStore<unknown, unknown>>().row(key));
    }
    case 'as-of': {
      const key = readKey(spec, query.key);
      return oneRow(key, view<ReadOnlyVersionedStore<unknown, unknown>>().rowAsOf(key, query.timestampMs));
    }
    case 'range':
    case 'prefix':
      return rowsOf(view<ReadOnlyKeyValueStore<unknown, unknown>>(), query);
    case 'windows': {
      const key = readKey(spec, query.key);
      const found: StoreRow[] = [];
      const { fromMs, toMs, limit } = query;
      for (const [startMs, row] of view<ReadOnlyWindowStore<unknown, unknown>>().fetch(key, fromMs, toMs)) {
        const { value, timestampMs } = row;
        found.push({ key, value, timestampMs, startMs, endMs: startMs + spec.windowSizeMs });
        if (found.length === limit) break;
      }
      return found;
    }
    case 'all-windows':
      return allWindows(spec, view<ReadOnlyWindowStore<unknown, unknown>>(), query);
    case 'sessions': {
      const sessions = view<ReadOnlySessionStore<unknown, unknown>>();
      const { fromMs, toMs, limit, afterSession: after } = query;
      const found = sessions
        .find(readKey(spec, query.key), Math.max(fromMs, after?.endMs ?? fromMs), toMs)
        .filter(({ startMs, endMs }) => after === undefined || endMs > after.endMs || startMs > after.startMs)
        .slice(0, limit);
      return found.map(({ key, value, startMs, endMs }) => ({ key, value, timestampMs: endMs, startMs, endMs }));
    }
  }
}

function rowsOf(store: ReadOnlyKeyValueStore<unknown, unknown>, query: RangeQuery | PrefixQuery): StoreRow[] {
  const { from, to } = keysOf(query);
  const found: StoreRow[] = [];
  for (const [key, { value, timestampMs }] of store.range(from, to)) {
    found.push({ key, value, timestampMs });
    if (found.length === query.limit) break;
  }
  return found;
}

function allWindows(
  spec: StoreSpec,
  store: ReadOnlyWindowStore<unknown, unknown>,
  { fromMs, toMs, after, limit = Infinity }: AllWindowsQuery,
): StoreRow[] {
  const found: StoreRow[] = [];
  const firstMs = Math.max(fromMs, after?.startMs ?? -Infinity);
  for (const windows of byStart(store.startingIn(firstMs, toMs))) {
    const rows = windows.map(([windowed, row]) => ({ bytes: spec.key.serialize(windowed.key), windowed, row }));
    rows.sort((one, other) => one.bytes.compare(other.bytes));
    for (const { bytes, windowed, row } of rows) {
      if (windowed.startMs === after?.startMs && bytes.compare(after.key) <= 0) continue;
      found.push({ ...windowed, value: row.value, timestampMs: row.timestampMs });
      if (found.length === limit) return found;
    }
  }
  return found;
}

type WindowRow = [Windowed<unknown>, TimestampedValue<unknown>];

/** Windows in order of their starts, those of one start together. */
function* byStart(windows: Iterable<WindowRow>): IterableIterator<WindowRow[]> {
  let group: WindowRow[] = [];
  for (const window of windows) {
    if (group.length > 0 && group[0]?.[0].startMs !== window[0].startMs) {
      yield group;
      group = [];
    }
    group.push(window);
  }
  if (group.length > 0) yield group;
}

function oneRow(key: unknown, row: TimestampedValue<unknown> | undefined): StoreRow[] {
  return row === undefined ? [] : [{ key, value: row.value, timestampMs: row.timestampMs }];
}

function readKey(spec: StoreSpec, key: Buffer): unknown {
  try {
    return spec.key.deserialize(key, 0, key.length);
  } catch (cause) {
    throw invalid(`the key is not ${spec.key.name}, as the keys of the store '${spec.name}' are`, cause);
  }
}

function invalid(message: string, cause?: unknown): RecordError {
  return new RecordError('MR_QUERY_INVALID', message, { cause });
}
