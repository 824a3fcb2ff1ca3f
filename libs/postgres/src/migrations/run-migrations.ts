import { FatalError } from '@millrace/kernel';
import { MigrationExecutor, type DataSource } from 'typeorm';
import { sqlError } from '../errors/sql-error.js';

/** Any number will do, as long as every process takes the same. */
const LOCK = 0x6d_69_6c_6c;

/**
 * Runs the migrations that the database does not have yet, each in a transaction. Several processes may start at a time: an
 * advisory lock lets one of them do it while the others wait.
 *
 * @param dataSource Is connected if it is not yet.
 * @returns the names of those that were run.
 * @throws {TransientError} (retry) when the database is out of reach.
 * @throws {FatalError} (stop-app) `MR_SINK_REFUSED` when a migration fails; the database is as before it.
 */
export async function runMigrations(dataSource: DataSource): Promise<readonly string[]> {
  try {
    if (!dataSource.isInitialized) await dataSource.initialize();
    const runner = dataSource.createQueryRunner();
    try {
      await runner.query('SELECT pg_advisory_lock($1)', [LOCK]);
      const executor = new MigrationExecutor(dataSource, runner);
      executor.transaction = 'each';
      const run = await executor.executePendingMigrations();
      await runner.query('SELECT pg_advisory_unlock($1)', [LOCK]);
      return run.map(({ name }) => name);
    } finally {
      await runner.release();
    }
  } catch (cause) {
    const error = sqlError(cause, 'the migration of the schema', {});
    if (error.disposition !== 'dead-letter') throw error;
    throw new FatalError('MR_SINK_REFUSED', error.message, { cause, place: error.place });
  }
}
