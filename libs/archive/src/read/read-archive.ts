import { FatalError } from '@millrace/kernel';
import { createHash } from 'node:crypto';
import { executeOnce, type Execute } from '../execute.js';
import type { ManifestEntry } from '../manifest/manifest-entry.js';
import { Manifest } from '../manifest/manifest.js';
import type { ColumnValue } from '../parquet/column.js';
import { readParquet } from '../parquet/read-parquet.js';
import type { ObjectStore } from '../store/object-store.js';

/** What to read of an archive, and how. */
export interface ReadArchiveOptions {
  /** Only this topic. Default: all under the prefix. */
  readonly topic?: string;
  /** Only these columns. Default: all. */
  readonly columns?: readonly string[];
  /** What stands around each call to the store. Default: nothing. */
  readonly execute?: Execute;
}

/** The records of one object, in the order of their offsets. */
export interface ArchivedObject {
  readonly entry: ManifestEntry;
  readonly rows: number;
  /** By name; times are milliseconds since the epoch. Each has {@link rows} values. */
  readonly columns: ReadonlyMap<string, readonly ColumnValue[]>;
}

/**
 * The manifest of an archive: what each object holds, by topic, partition and offset.
 *
 * @throws {FatalError} (stop-app) `MR_ARCHIVE_CORRUPT` when its entries do not tile the offsets.
 */
export async function readManifest(
  store: ObjectStore,
  prefix: string,
  { topic, execute = executeOnce }: Omit<ReadArchiveOptions, 'columns'> = {},
): Promise<readonly ManifestEntry[]> {
  return new Manifest(store, prefix, execute).all(topic);
}

/**
 * Reads back what an archive holds: all objects of the manifest, by topic, partition and offset, one at a time. Objects that
 * are in no manifest entry do not count.
 *
 * @throws {FatalError} (stop-app) `MR_ARCHIVE_CORRUPT` when an object is missing, or its bytes are not those that were written.
 */
export async function* readArchive(
  store: ObjectStore,
  prefix: string,
  options: ReadArchiveOptions = {},
): AsyncGenerator<ArchivedObject, void, undefined> {
  const execute = options.execute ?? executeOnce;
  for (const entry of await readManifest(store, prefix, options)) {
    const bytes = await execute((signal) => store.get(entry.object, { signal }));
    if (bytes === undefined) throw corrupt(entry, 'is gone');
    if (createHash('sha256').update(bytes).digest('hex') !== entry.sha256) throw corrupt(entry, 'was changed');
    const { rows, columns } = await readParquet(entry.object, bytes, options.columns);
    if (rows !== entry.records) throw corrupt(entry, `holds ${rows} records instead of ${entry.records}`);
    yield { entry, rows, columns };
  }
}

function corrupt({ object, topic, partition, firstOffset }: ManifestEntry, what: string): FatalError {
  return new FatalError('MR_ARCHIVE_CORRUPT', `the object '${object}' ${what}: restore it from a copy of the store`, {
    place: { topic, partition, offset: firstOffset, key: object },
  });
}
