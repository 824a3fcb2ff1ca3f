import type { TimestampedValue } from '../store/key-value-store.js';

/** What a join sees of a table: the rows that it shows now, and on a versioned table those that it showed. */
export interface TableView {
  row(key: unknown): TimestampedValue<unknown> | undefined;
  /** The value that held at a time; on a table without versions the one of now. */
  rowAsOf(key: unknown, timestampMs: number): TimestampedValue<unknown> | undefined;
}

/** The view of a table that is `parent` with its values replaced; a value that becomes null is no row. */
export function mappedView(parent: TableView, map: (value: unknown, key: unknown) => unknown): TableView {
  const shown = (row: TimestampedValue<unknown> | undefined, key: unknown): TimestampedValue<unknown> | undefined => {
    if (row === undefined) return undefined;
    const value = map(row.value, key) ?? null;
    return value === null ? undefined : { value, timestampMs: row.timestampMs };
  };
  return {
    row: (key) => shown(parent.row(key), key),
    rowAsOf: (key, timestampMs) => shown(parent.rowAsOf(key, timestampMs), key),
  };
}
