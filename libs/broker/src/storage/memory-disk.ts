import { sep } from 'node:path';
import { FatalError } from '@millrace/kernel';
import type { Disk, DiskFile, DiskLock } from './disk.js';

const FIRST_CAPACITY_BYTES = 1024;

interface Content {
  bytes: Buffer;
  sizeInBytes: number;
}

/**
 * A disk in the heap: what brokers write to it outlives them, so that one can be stopped, or be thought to be killed, and
 * another started in its place, as on the disk of a machine.
 *
 * It behaves as a disk whose machine never loses power: what was appended is there at once, and `sync` adds nothing to it.
 */
export class MemoryDisk implements Disk {
  readonly #files = new Map<string, Content>();
  readonly #held = new Set<string>();

  /** Folders are what the paths of files say; an empty one need not be known. */
  makeFolder(): void {}

  names(folder: string): string[] {
    const prefix = `${folder}${sep}`;
    const names = new Set<string>();
    for (const path of this.#files.keys()) {
      if (path.startsWith(prefix)) names.add(path.slice(prefix.length).split(sep, 1)[0] as string);
    }
    return [...names];
  }

  open(path: string): DiskFile {
    let content = this.#files.get(path);
    if (content === undefined) this.#files.set(path, (content = { bytes: Buffer.alloc(0), sizeInBytes: 0 }));
    return new MemoryFile(path, content);
  }

  rename(from: string, to: string): void {
    const content = this.#files.get(from);
    if (content === undefined) throw new Error(`${from} is not on this disk`);
    this.#files.delete(from);
    this.#files.set(to, content);
  }

  remove(path: string): void {
    this.#files.delete(path);
    for (const each of this.#files.keys()) if (each.startsWith(`${path}${sep}`)) this.#files.delete(each);
  }

  lock(folder: string): DiskLock {
    if (this.#held.has(folder)) {
      throw new FatalError(
        'MR_STATE_INCOMPATIBLE',
        `${folder} is in use by another broker on this disk; stop that one or choose another state directory`,
      );
    }
    this.#held.add(folder);
    return { release: () => void this.#held.delete(folder) };
  }
}

class MemoryFile implements DiskFile {
  readonly path: string;
  readonly #content: Content;

  constructor(path: string, content: Content) {
    this.path = path;
    this.#content = content;
  }

  get sizeInBytes(): number {
    return this.#content.sizeInBytes;
  }

  append(chunks: readonly Uint8Array[]): void {
    const content = this.#content;
    for (const chunk of chunks) {
      this.#grow(content.sizeInBytes + chunk.length);
      content.bytes.set(chunk, content.sizeInBytes);
      content.sizeInBytes += chunk.length;
    }
  }

  /** Reads into a fresh buffer, as from a disk: what is done to it later does not change the file. */
  read(position: number, lengthBytes: number): Buffer {
    const { bytes, sizeInBytes } = this.#content;
    return Buffer.from(bytes.subarray(position, Math.min(position + lengthBytes, sizeInBytes)));
  }

  truncate(sizeInBytes: number): void {
    this.#content.sizeInBytes = sizeInBytes;
  }

  sync(): void {}

  close(): void {}

  #grow(neededBytes: number): void {
    const content = this.#content;
    if (neededBytes <= content.bytes.length) return;
    const grown = Buffer.alloc(Math.max(neededBytes, 2 * content.bytes.length, FIRST_CAPACITY_BYTES));
    content.bytes.copy(grown, 0, 0, content.sizeInBytes);
    content.bytes = grown;
  }
}
