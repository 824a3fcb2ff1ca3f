export type { CallOptions, ObjectStore, PutResult, StoredObject } from './store/object-store.js';
export { FileSystemObjectStore } from './store/file-system-object-store.js';
export { S3ObjectStore, type S3ObjectStoreOptions } from './store/s3-object-store.js';
export { COLUMN_TYPES, type Column, type ColumnType, type ColumnValue } from './parquet/column.js';
export { ParquetBuilder, type ParquetBuilderOptions } from './parquet/parquet-builder.js';
export { readParquet, type ParquetColumns } from './parquet/read-parquet.js';
export type { ManifestEntry } from './manifest/manifest-entry.js';
export { ArchiveSink, type ArchiveSinkOptions } from './sink/archive-sink.js';
export { readArchive, readManifest, type ArchivedObject, type ReadArchiveOptions } from './read/read-archive.js';
export { executeOnce, type Execute } from './execute.js';
export {
  archiveChannels,
  type ArchiveFailedEvent,
  type ObjectArchivedEvent,
  type UploadLeftEvent,
  type UploadsDiscardedEvent,
} from './diagnostics/channels.js';
