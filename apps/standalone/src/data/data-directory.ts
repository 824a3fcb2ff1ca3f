import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { dataFailure } from '../cli/run-failure.js';

const unzip = promisify(gunzip);

/** The tables that a data directory holds, each as `<name>.csv` or `<name>.csv.gz`. */
export const TABLES = ['flights', 'weather', 'planes', 'airlines', 'airports'] as const;

/** One of {@link TABLES}. */
export type TableName = (typeof TABLES)[number];

/** Holds records that break their contract, one JSON object a line; optional. */
export const FAULTY_RECORDS_FILE = 'faulty-records.ndjson';

/** A file that has been read. */
export interface DataFile {
  readonly path: string;
  readonly bytes: Buffer;
}

/** The contents of a data directory as they lie there. */
export interface DataFiles {
  readonly tables: Readonly<Record<TableName, DataFile>>;
  /** Undefined where the directory has no {@link FAULTY_RECORDS_FILE}. */
  readonly faultyRecords: DataFile | undefined;
  /** SHA-256 over all files: says whether two runs read the same. */
  readonly sha256: string;
}

/**
 * Reads a data directory.
 *
 * @throws {RunFailure} with the exit code for unreadable data; lists every missing file at once.
 */
export async function readDataDirectory(folder: string): Promise<DataFiles> {
  await checkFolder(folder);
  const found = await Promise.all(TABLES.map((name) => findTable(folder, name)));
  const missing = TABLES.filter((_, index) => found[index] === undefined);
  if (missing.length > 0) {
    const names = missing.map((name) => `${name}.csv or ${name}.csv.gz`).join(', ');
    throw dataFailure(`${path.resolve(folder)} lacks ${names}. Give --data a folder with all of: ${TABLES.join(', ')}.`);
  }
  const tables = found as DataFile[];
  const faultyRecords = await readIfPresent(path.join(folder, FAULTY_RECORDS_FILE));
  const digest = createHash('sha256');
  for (const file of faultyRecords === undefined ? tables : [...tables, faultyRecords]) {
    digest.update(`${path.basename(file.path)}:${file.bytes.length}\n`).update(file.bytes);
  }
  return {
    tables: Object.fromEntries(TABLES.map((name, index) => [name, tables[index]])) as Record<TableName, DataFile>,
    faultyRecords,
    sha256: digest.digest('hex'),
  };
}

/**
 * The bytes of a table, unpacked off the main thread where it is packed.
 *
 * @throws {RunFailure} with the exit code for unreadable data when it is not gzip.
 */
export async function unpacked(file: DataFile): Promise<Buffer> {
  if (!file.path.endsWith('.gz')) return file.bytes;
  try {
    return await unzip(file.bytes);
  } catch (cause) {
    throw dataFailure(`${file.path} cannot be unpacked: ${(cause as Error).message}. Fetch it again.`, cause);
  }
}

async function checkFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  const what = found === undefined ? 'does not exist' : 'is not a folder';
  throw dataFailure(`--data ${path.resolve(folder)} ${what}: give the folder with ${TABLES.join(', ')} as .csv or .csv.gz.`);
}

async function findTable(folder: string, name: TableName): Promise<DataFile | undefined> {
  const base = path.join(folder, `${name}.csv`);
  return (await readIfPresent(base)) ?? (await readIfPresent(`${base}.gz`));
}

async function readIfPresent(file: string): Promise<DataFile | undefined> {
  try {
    return { path: file, bytes: await readFile(file) };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw dataFailure(`${file} cannot be read: ${(cause as Error).message}.`, cause);
  }
}
