import type { DataSource } from 'typeorm';
import { sqlError } from '../errors/sql-error.js';
import type { Execute } from './execute.js';
import { withSession } from './session.js';

/** A query that only reads. */
export interface RowsQuery {
  /** Who asks; stands in errors. */
  readonly who: string;
  readonly sql: string;
  readonly parameters?: readonly unknown[];
}

/**
 * Reads rows, with the errors of this library: so what stands around the call can tell what may be tried again.
 *
 * @throws {TransientError} (retry) when the database is out of reach, slow or in conflict.
 * @throws {FatalError} (stop-app) `MR_SINK_REFUSED` when table and statement do not fit, or rights are missing.
 */
export function queryRows<T extends object>(
  dataSource: DataSource,
  execute: Execute,
  { who, sql, parameters = [] }: RowsQuery,
): Promise<readonly T[]> {
  return execute(async (signal) => {
    try {
      const { rows } = await withSession(dataSource, signal, (session) => session.query(sql, parameters));
      return rows as readonly T[];
    } catch (error) {
      throw sqlError(error, who, {}, 'read');
    }
  });
}
