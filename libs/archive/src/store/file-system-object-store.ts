import { FatalError, TransientError, type MillraceError } from '@millrace/kernel';
import { link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { threadId } from 'node:worker_threads';
import { checkKey, TEMPORARY_FOLDER } from './object-key.js';
import type { ObjectStore, PutResult, StoredObject } from './object-store.js';

let temporaryFiles = 0;

/**
 * An {@link ObjectStore} in a folder: an object a file.
 *
 * An object is written aside, forced to the disk, and then linked to its name, which is atomic: a crash leaves at most a file
 * in `.incomplete/`, that nobody sees.
 */
export class FileSystemObjectStore implements ObjectStore {
  readonly #root: string;

  /** @param root The folder; created with the first object. */
  constructor(root: string) {
    this.#root = path.resolve(root);
  }

  async put(key: string, bytes: Uint8Array, options: { readonly ifNoneMatch?: '*' } = {}): Promise<PutResult> {
    const target = this.#fileOf(key);
    return this.#guard(key, async () => {
      const temporary = await this.#writeAside(bytes);
      try {
        await mkdir(path.dirname(target), { recursive: true });
        if (options.ifNoneMatch === undefined) {
          await rename(temporary, target);
        } else if (!(await linked(temporary, target))) {
          return 'exists';
        }
        await syncFolder(path.dirname(target));
        return 'created';
      } finally {
        await rm(temporary, { force: true });
      }
    });
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const file = this.#fileOf(key);
    return this.#guard(key, () => unlessMissing(() => readFile(file)));
  }

  async head(key: string): Promise<StoredObject | undefined> {
    const file = this.#fileOf(key);
    const found = await this.#guard(key, () => unlessMissing(() => stat(file)));
    return found?.isFile() === true ? { key, bytes: found.size } : undefined;
  }

  async list(prefix: string): Promise<readonly StoredObject[]> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    if (folder !== '') checkKey(folder.slice(0, -1));
    const found: StoredObject[] = [];
    await this.#guard(prefix, () => this.#collect(folder, prefix, found));
    return found.sort((left, right) => (left.key < right.key ? -1 : 1));
  }

  async delete(key: string): Promise<void> {
    const file = this.#fileOf(key);
    await this.#guard(key, () => rm(file, { force: true }));
  }

  #fileOf(key: string): string {
    return path.join(this.#root, ...checkKey(key).split('/'));
  }

  async #writeAside(bytes: Uint8Array): Promise<string> {
    const folder = path.join(this.#root, TEMPORARY_FOLDER);
    await mkdir(folder, { recursive: true });
    const temporary = path.join(folder, `${process.pid}-${threadId}-${++temporaryFiles}`);
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    return temporary;
  }

  async #collect(folder: string, prefix: string, found: StoredObject[]): Promise<void> {
    const directory = path.join(this.#root, folder);
    const entries = (await unlessMissing(() => readdir(directory, { withFileTypes: true }))) ?? [];
    for (const entry of entries) {
      const key = `${folder}${entry.name}`;
      if (entry.isDirectory()) {
        const mayMatch = `${key}/`.startsWith(prefix) || prefix.startsWith(`${key}/`);
        if (mayMatch && entry.name !== TEMPORARY_FOLDER) await this.#collect(`${key}/`, prefix, found);
      } else if (key.startsWith(prefix)) {
        const status = await unlessMissing(() => stat(path.join(directory, entry.name)));
        if (status !== undefined) found.push({ key, bytes: status.size });
      }
    }
  }

  async #guard<T>(key: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (cause) {
      throw fileError(cause, this.#root, key);
    }
  }
}

/** @returns whether the name was free. */
async function linked(file: string, name: string): Promise<boolean> {
  try {
    await link(file, name);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Makes the names in a folder durable. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function unlessMissing<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

const REFUSALS = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG']);

function fileError(cause: unknown, root: string, key: string): MillraceError {
  const code = codeOf(cause) ?? 'unknown';
  const what = `the object store in ${root} cannot handle '${key}' (${code})`;
  if (REFUSALS.has(code))
    return new FatalError('MR_SINK_REFUSED', `${what}: check the rights of the folder`, { cause });
  const remedy = code === 'ENOSPC' ? ': the disk is full' : '';
  return new TransientError('MR_DEPENDENCY_UNAVAILABLE', `${what}${remedy}`, { cause });
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}
