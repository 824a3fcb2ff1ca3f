import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { AppendFile } from './append-file.js';
import { StateLock } from './state-lock.js';

/** A file that only grows; see {@link AppendFile} for what its calls promise. */
export type DiskFile = Pick<AppendFile, 'path' | 'sizeInBytes' | 'append' | 'read' | 'truncate' | 'sync' | 'close'>;

/** What keeps others from writing to a folder, until it is released. */
export interface DiskLock {
  release(): void;
}

/** Where the broker keeps its files. Every call is synchronous: the order of writes is the order of statements. */
export interface Disk {
  /** Makes a folder, and those above it; does nothing when it is there. */
  makeFolder(path: string): void;
  /** The names of what a folder holds. */
  names(folder: string): string[];
  /** Opens a file for appending and reading; creates it when it is missing. @throws {StorageError} (stop-app) */
  open(path: string): DiskFile;
  /** Gives a file another name, in one step; a file of that name is replaced. */
  rename(from: string, to: string): void;
  /** Removes a file, or a folder with all that is in it; does nothing when there is none. */
  remove(path: string): void;
  /** @throws {FatalError} (stop-app) `MR_STATE_INCOMPATIBLE` when another live broker holds the folder. */
  lock(folder: string): DiskLock;
}

/** The file system of this machine. */
export const FILE_SYSTEM: Disk = {
  makeFolder: (path) => void mkdirSync(path, { recursive: true }),
  names: (folder) => readdirSync(folder),
  open: (path) => AppendFile.open(path),
  rename: (from, to) => renameSync(from, to),
  remove: (path) => rmSync(path, { recursive: true, force: true }),
  lock: (folder) => StateLock.acquire(folder),
};
