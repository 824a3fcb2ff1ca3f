export { createDataSource, type DataSourceSettings } from './connection/create-data-source.js';
export { executeOnce, type Execute } from './connection/execute.js';
export { queryRows, type RowsQuery } from './connection/query-rows.js';
export { migrations } from './migrations/migrations.js';
export { runMigrations } from './migrations/run-migrations.js';
export { IdempotentBatchWriter, type IdempotentBatchWriterOptions } from './sink/idempotent-batch-writer.js';
export {
  COLUMN_TYPES,
  checkMapping,
  type ColumnMapping,
  type ColumnType,
  type ColumnValue,
  type TableMapping,
} from './sink/table-mapping.js';
export { EmbeddedPostgres, type EmbeddedPostgresOptions } from './embedded/embedded-postgres.js';
export { SQL_FAILURES, classifySqlFailure, isRetryable, type SqlFailure } from './errors/sql-state.js';
export {
  postgresChannels,
  type BatchCommittedEvent,
  type CommitResolvedEvent,
  type EmbeddedPostgresEvent,
} from './diagnostics/channels.js';
