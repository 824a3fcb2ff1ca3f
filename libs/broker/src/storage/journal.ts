/**
 * The broker's own append-only log of facts: topics, committed offsets, transactions.
 *
 * A frame is `length (4) | crc32 of the payload (4) | payload (JSON)`. Invariants: `append` writes all its entries with
 * one call before it returns, so a fact is durable before anything that relies on it happens; recovery stops
 * at the first frame that is not whole and cuts it off. When the file has outgrown what it says, the next
 * `append` first writes all current facts to `journal-<n+1>.log`, which takes over by an atomic rename.
 */
import { basename, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { brokerChannels } from '../diagnostics/channels.js';
import { FILE_SYSTEM, type Disk, type DiskFile } from './disk.js';
import type { JournalEntry } from './journal-entry.js';
import { StorageError } from './storage-error.js';

const FRAME_HEADER_BYTES = 8;
const FILE_NAME = /^journal-(\d{8})\.log$/;

export interface JournalOptions {
  /** The file's size from which on it is rewritten once it is also twice as large as after the last rewrite. */
  readonly rewriteAboveBytes?: number;
  /** Default: the file system of this machine. */
  readonly disk?: Disk;
}

export class Journal {
  readonly #directory: string | undefined;
  readonly #rewriteAboveBytes: number;
  readonly #disk: Disk;
  #file: DiskFile | undefined;
  #number = 0;
  #rewrittenBytes = 0;
  #snapshot: () => Iterable<JournalEntry> = () => [];

  private constructor(directory: string | undefined, options: JournalOptions) {
    this.#directory = directory;
    this.#rewriteAboveBytes = options.rewriteAboveBytes ?? 16 * 1024 * 1024;
    this.#disk = options.disk ?? FILE_SYSTEM;
  }

  /**
   * Opens the journal in `directory`; without one, facts are kept by their owners alone and nothing is written.
   *
   * @param apply is called with each recovered fact, in order.
   */
  static open(
    directory: string | undefined,
    apply: (entry: JournalEntry) => void,
    options: JournalOptions = {},
  ): Journal {
    const journal = new Journal(directory, options);
    if (directory !== undefined) journal.#recover(directory, apply);
    return journal;
  }

  /** Says where all current facts come from when the file is rewritten. */
  snapshotFrom(snapshot: () => Iterable<JournalEntry>): void {
    this.#snapshot = snapshot;
  }

  get sizeInBytes(): number {
    return this.#file?.sizeInBytes ?? 0;
  }

  /**
   * Makes facts durable, all with one write. The caller applies them to memory right afterwards, before the next append.
   *
   * @throws {StorageError} (stop-app) when they could not be written; then none of them is.
   */
  append(...entries: readonly JournalEntry[]): void {
    if (this.#file === undefined) return;
    this.#rewriteIfGrown();
    this.#file.append([frames(entries)]);
  }

  /** Forces the journal to the disk itself. */
  sync(): void {
    this.#file?.sync();
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #recover(directory: string, apply: (entry: JournalEntry) => void): void {
    this.#disk.makeFolder(directory);
    const names = this.#disk.names(directory).filter((name) => name.startsWith('journal-'));
    this.#number = Math.max(0, ...names.map((name) => Number(FILE_NAME.exec(name)?.[1] ?? 0)));
    const current = this.#path(this.#number);
    for (const name of names) if (name !== basename(current)) this.#disk.remove(join(directory, name));
    this.#file = this.#disk.open(current);
    this.#replay(this.#file, apply);
    this.#rewrittenBytes = this.#file.sizeInBytes;
  }

  #replay(file: DiskFile, apply: (entry: JournalEntry) => void): void {
    const content = file.read(0, file.sizeInBytes);
    let position = 0;
    let reason: string | undefined;
    while (position < content.length && reason === undefined) {
      const end = frameEnd(content, position);
      if (typeof end === 'string') reason = end;
      else {
        apply(JSON.parse(content.toString('utf8', position + FRAME_HEADER_BYTES, end)) as JournalEntry);
        position = end;
      }
    }
    if (reason === undefined) return;
    file.truncate(position);
    brokerChannels.tornTailTruncated.publish({
      file: basename(file.path),
      keptBytes: position,
      droppedBytes: content.length - position,
      reason,
    });
  }

  #rewriteIfGrown(): void {
    const file = this.#file as DiskFile;
    if (file.sizeInBytes < Math.max(this.#rewriteAboveBytes, 2 * this.#rewrittenBytes)) return;
    const next = this.#path(this.#number + 1);
    const draftPath = `${next}.draft`;
    this.#disk.remove(draftPath);
    const draft = this.#disk.open(draftPath);
    try {
      draft.append([frames([...this.#snapshot()])]);
      draft.sync();
    } catch (failure) {
      if (!(failure instanceof StorageError)) throw failure;
      // There is no room for two. The present file still holds every fact; it is tried again when that has doubled.
      this.#rewrittenBytes = file.sizeInBytes;
      return;
    } finally {
      draft.close();
    }
    this.#disk.rename(draftPath, next);
    this.#file = this.#disk.open(next);
    this.#number++;
    this.#rewrittenBytes = this.#file.sizeInBytes;
    file.close();
    this.#disk.remove(file.path);
  }

  #path(number: number): string {
    return join(this.#directory as string, `journal-${String(number).padStart(8, '0')}.log`);
  }
}

/** The position after the frame at `position`, or what is wrong with it. */
function frameEnd(content: Buffer, position: number): number | string {
  if (content.length - position < FRAME_HEADER_BYTES) return 'the frame header is cut off';
  const end = position + FRAME_HEADER_BYTES + content.readUInt32BE(position);
  if (end > content.length) return 'the frame is cut off';
  const payload = content.subarray(position + FRAME_HEADER_BYTES, end);
  return crc32(payload) === content.readUInt32BE(position + 4) ? end : 'the checksum does not match';
}

function frames(entries: readonly JournalEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const entry of entries) {
    const payload = Buffer.from(JSON.stringify(entry));
    const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES);
    header.writeUInt32BE(payload.length, 0);
    header.writeUInt32BE(crc32(payload), 4);
    parts.push(header, payload);
  }
  return Buffer.concat(parts);
}
