import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writevSync } from 'node:fs';
import { describeError } from '@millrace/kernel';
import { brokerChannels } from '../diagnostics/channels.js';
import { StorageError } from './storage-error.js';

/**
 * A file that only grows.
 *
 * Invariants: after `append` returned, the operating system holds all of its bytes, so they survive a kill of this
 * process; after `append` threw, the file is as it was before. Calls are synchronous on purpose: the order of
 * writes across files is then the order of statements, which is what makes recovery of transactions simple.
 */
export class AppendFile {
  readonly path: string;
  readonly #descriptor: number;
  #sizeInBytes: number;
  #dirty = false;
  #torn = false;

  private constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#sizeInBytes = fstatSync(descriptor).size;
  }

  /**
   * Opens `path` for appending and reading; creates it when it is missing.
   *
   * @throws {StorageError} (stop-app) when the operating system refuses.
   */
  static open(path: string): AppendFile {
    try {
      return new AppendFile(path, openSync(path, 'a+'));
    } catch (cause) {
      brokerChannels.storageFailed.publish({ file: path, reason: describeError(cause) });
      throw new StorageError(`${path} cannot be opened; check permissions and the limit of open files`, { cause });
    }
  }

  get sizeInBytes(): number {
    return this.#sizeInBytes;
  }

  /** @throws {StorageError} (stop-app) when the operating system takes less than everything. */
  append(chunks: readonly Uint8Array[]): void {
    if (this.#torn) throw new StorageError(`${this.path} ends in a torn write; restart the broker to recover it`);
    const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    let written = 0;
    try {
      written = writevSync(this.#descriptor, chunks);
      while (written < total) written += writevSync(this.#descriptor, remainder(chunks, written));
    } catch (cause) {
      this.#undoTo(this.#sizeInBytes);
      brokerChannels.storageFailed.publish({ file: this.path, reason: describeError(cause) });
      throw new StorageError(`${this.path} cannot be written; free disk space or check its permissions`, { cause });
    }
    this.#sizeInBytes += total;
    this.#dirty = true;
  }

  /** Reads up to `lengthBytes` bytes at `position` into a fresh buffer; fewer at the end of the file. */
  read(position: number, lengthBytes: number): Buffer {
    const wanted = Math.max(0, Math.min(lengthBytes, this.#sizeInBytes - position));
    const buffer = Buffer.allocUnsafeSlow(wanted);
    let filled = 0;
    while (filled < wanted) {
      const count = readSync(this.#descriptor, buffer, filled, wanted - filled, position + filled);
      if (count === 0) return buffer.subarray(0, filled);
      filled += count;
    }
    return buffer;
  }

  /** Cuts the file to `sizeInBytes`. */
  truncate(sizeInBytes: number): void {
    ftruncateSync(this.#descriptor, sizeInBytes);
    this.#sizeInBytes = sizeInBytes;
    this.#dirty = true;
  }

  /** Forces what was appended to the disk itself, so that it also survives a power cut. */
  sync(): void {
    if (!this.#dirty) return;
    fdatasyncSync(this.#descriptor);
    this.#dirty = false;
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #undoTo(sizeInBytes: number): void {
    try {
      ftruncateSync(this.#descriptor, sizeInBytes);
    } catch (cause) {
      // What was written stays as a torn tail: nothing may follow it until the next recovery has cut it off.
      this.#torn = true;
      brokerChannels.storageFailed.publish({ file: this.path, reason: describeError(cause) });
    }
  }
}

function remainder(chunks: readonly Uint8Array[], skipBytes: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = skipBytes;
  for (const chunk of chunks) {
    if (skip >= chunk.length) skip -= chunk.length;
    else {
      rest.push(chunk.subarray(skip));
      skip = 0;
    }
  }
  return rest;
}
