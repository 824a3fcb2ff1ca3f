import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { ConfigurationError, TaskError, isMillraceError } from '@millrace/kernel';
import type { StoragePlace, StoreEngine, TaskStorage } from '@millrace/streams';
import { open } from 'lmdb';
import { stateOfFile } from './lmdb-file.js';
import { LmdbTaskStorage, otherFormat } from './lmdb-task-storage.js';

/** Where the stores are kept, and how. */
export interface LmdbStoreEngineOptions {
  /**
   * The directory of this process's stores: local to the machine, kept over restarts, shared with no other process. Kafka property
   * `state.dir`.
   */
  readonly directory: string;
  /**
   * Whether commits are written through to the disk. `false` leaves that to the operating system: a killed process loses nothing, a
   * power loss may damage the files. For tests, and for stores that are thrown away. Default `true`.
   */
  readonly flush?: boolean;
}

/** Names of stores and tasks that can be in one environment. */
const MAX_DATABASES = 128;

/**
 * Keeps stores in LMDB, a memory-mapped B+ tree: a store is as large as the disk, the heap holds none of it, and a restart goes
 * on with what is there. Each task has the directory `<directory>/<applicationId>/<thread>/<topology>/<taskId>`.
 *
 * A commit of a task is one transaction: a process that is killed leaves the one before or the one after it. After a power loss
 * the last one that was flushed counts; the rest is restored from the changelog.
 */
export class LmdbStoreEngine implements StoreEngine {
  readonly #directory: string;
  readonly #flush: boolean;

  /** @throws {ConfigurationError} (stop-app) when no directory is given. */
  constructor({ directory, flush = true }: LmdbStoreEngineOptions) {
    if (directory === '') throw new ConfigurationError('the LMDB store engine', ['directory is empty: name one']);
    this.#directory = path.resolve(directory);
    this.#flush = flush;
  }

  /**
   * @throws {ConfigurationError} (stop-app) for stores that another version has written in a format of its own.
   * @throws as {@link StoreEngine.open}.
   */
  open({ applicationId, thread, topology, taskId }: StoragePlace): TaskStorage {
    const folder = path.join(this.#directory, ...[applicationId, String(thread), topology, taskId].map(asFolder));
    try {
      mkdirSync(folder, { recursive: true });
      const file = path.join(folder, 'stores.lmdb');
      checkFile(file, folder);
      const environment = open<Buffer, Buffer>({
        path: file,
        keyEncoding: 'binary',
        encoding: 'binary',
        maxDbs: MAX_DATABASES,
        noSync: !this.#flush,
      });
      return new LmdbTaskStorage(taskId, environment, folder);
    } catch (cause) {
      if (isMillraceError(cause)) throw cause;
      throw new TaskError(
        'MR_STORE_FAILED',
        `the stores of task ${taskId} cannot be opened in ${folder}: look for room on the disk and for the rights to the directory; if its files are damaged, delete it, and what has a changelog is restored from it`,
        { cause, place: { taskId } },
      );
    }
  }
}

/** @throws {Error} for what LMDB must not be given, a {@link ConfigurationError} (stop-app) if that is for good. */
function checkFile(file: string, folder: string): void {
  const state = stateOfFile(file);
  if (state === 'damaged') throw new Error(`${file} is no file of LMDB, or was cut off`);
  if (typeof state === 'object') throw otherFormat(folder, `LMDB ${state.version}`);
}

/** A name as that of a folder: whatever could lead elsewhere is written as its code. */
function asFolder(name: string): string {
  const escaped = name.replaceAll(/[^A-Za-z0-9._-]/g, (each) => `%${each.codePointAt(0)?.toString(16) ?? ''}`);
  return /^\.+$/.test(escaped) ? escaped.replaceAll('.', '%2e') : escaped;
}
