import type { TableView } from '../table/table-view.js';
import type { StateStore } from './state-store.js';

/**
 * What became of a row that was put: `latest` is what the key's value is now; `older` is a version before that one; `refused`
 * is older than the store's history.
 */
export type PutOutcome = 'latest' | 'older' | 'refused';

/** A store that holds the rows of a table. */
export interface TableStore extends StateStore, TableView {
  /** Sets or, with null, deletes a key's value as of a time. `isLogged` false leaves the changelog to a later {@link log}. */
  put(key: unknown, value: unknown, timestampMs: number, isLogged?: boolean): PutOutcome;
  /** Writes a key's value to the changelog, where there is one. */
  log(key: unknown, value: unknown, timestampMs: number): void;
  /** A text that stands for the key and no other. */
  textOf(key: unknown): string;
}
