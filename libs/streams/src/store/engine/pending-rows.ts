import { RecordError } from '@millrace/kernel';
import { endOfPrefix } from './prefix-end.js';
import { SortedTexts } from './sorted-texts.js';
import type { ByteChange, ByteRow, ByteStore } from './store-engine.js';

const PAGE_ROWS = 256;

/**
 * So many rows of the past leave at one commit, or twice as many as were written: no commit takes long because much is gone at
 * once, and no store grows because it is written faster than it is cleaned up.
 */
const LEAVING_AT_ONCE = 4_096;

/**
 * The rows of a store as the open transaction sees them: the committed ones, and over them what was written since. A key is
 * held as a text with one unit a byte.
 */
export class PendingRows {
  readonly #store: string;
  readonly #committed: ByteStore;
  #pending = new Map<string, ByteChange>();
  #pendingBytes = 0;
  /** Their keys in order; made when somebody scans. */
  #sorted: SortedTexts | undefined;
  /** What stood under the keys that the current record has written, undefined for nothing; only where it may have to be undone. */
  #before: Map<string, ByteChange | undefined> | undefined;

  constructor(store: string, committed: ByteStore) {
    this.#store = store;
    this.#committed = committed;
  }

  /** The rows without what was written since the last commit. */
  committed(): PendingRows {
    return new PendingRows(this.#store, this.#committed);
  }

  /** How many keys were written since the last commit. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  /** About what the rows take that were written since the last commit; rows that were written over or undone are counted too. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The value of a key; its bytes hold until the next call. */
  get(key: Buffer): Buffer | undefined {
    if (this.#pending.size > 0) {
      const pending = this.#pending.get(key.toString('latin1'));
      if (pending !== undefined) return pending.value ?? undefined;
    }
    return key.length > this.#committed.maxKeyBytes ? undefined : this.#committed.get(key);
  }

  /**
   * Writes a row, whose bytes are kept as they are given.
   *
   * @throws {RecordError} (dead-letter) `MR_RECORD_TOO_LARGE` when the key is longer than the storage takes.
   */
  put(key: Buffer, value: Buffer | null): void {
    const { maxKeyBytes } = this.#committed;
    if (key.length > maxKeyBytes) {
      throw new RecordError(
        'MR_RECORD_TOO_LARGE',
        `a key of the store '${this.#store}' has ${key.length} bytes with its time, its storage takes ${maxKeyBytes}: shorten the key, or keep the store in the heap`,
      );
    }
    const text = key.toString('latin1');
    if (this.#before !== undefined && !this.#before.has(text)) this.#before.set(text, this.#pending.get(text));
    this.#pending.set(text, { key, value });
    this.#pendingBytes += key.length + (value?.length ?? 0);
    this.#sorted?.add(text);
  }

  /** A record begins that {@link undoRecord} may take back. */
  beginRecord(): void {
    this.#before = new Map();
  }

  /** Takes back what was written since {@link beginRecord}. */
  undoRecord(): void {
    for (const [text, change] of this.#before ?? []) {
      if (change === undefined) this.#pending.delete(text);
      else this.#pending.set(text, change);
    }
    this.#before = undefined;
    this.#sorted = undefined;
  }

  /** Rows with a key in [from, to), in order; rows may be changed meanwhile. */
  *scan(from: Buffer, to: Buffer): IterableIterator<ByteRow> {
    for (let start = from; ;) {
      const page = this.#page(start, to, PAGE_ROWS, false);
      const last = page.length < PAGE_ROWS ? undefined : page.at(-1)?.key;
      const end = last === undefined ? to : after(last);
      yield* this.#merged(page, start, end);
      if (last === undefined) return;
      start = end;
    }
  }

  /** The last row with a key in [from, to). */
  last(from: Buffer, to: Buffer): ByteRow | undefined {
    for (let limit = 1, end = to; ; limit = PAGE_ROWS) {
      const page = this.#page(from, end, limit, true);
      const first = page.length < limit ? undefined : page.at(-1)?.key;
      const start = first ?? from;
      const found = [...this.#merged(page.toReversed(), start, end)].at(-1);
      if (found !== undefined || first === undefined) return found;
      end = first;
    }
  }

  /** The first of the committed rows in [from, to), a bounded number: those that are to leave at this commit. */
  leaving(from: Buffer, to: Buffer): readonly ByteRow[] {
    return this.#page(from, to, Math.max(LEAVING_AT_ONCE, 2 * this.#pending.size), false);
  }

  /** How many rows there are. */
  count(): number {
    let count = this.#committed.count();
    for (const { key, value } of this.#pending.values()) {
      const isCommitted = this.#committed.get(key) !== undefined;
      count += (value === null ? 0 : 1) - (isCommitted ? 1 : 0);
    }
    return count;
  }

  /** What was written, in the order of the keys: to be kept, and then forgotten by {@link clear}. */
  changes(): ByteChange[] {
    const texts = [...this.#pending.keys()].sort();
    return texts.map((text) => this.#pending.get(text) as ByteChange);
  }

  /** Forgets what was written. */
  clear(): void {
    this.#pending = new Map();
    this.#pendingBytes = 0;
    this.#sorted = undefined;
    this.#before = undefined;
  }

  #page(from: Buffer, to: Buffer, limit: number, isReverse: boolean): readonly ByteRow[] {
    const { maxKeyBytes } = this.#committed;
    return this.#committed.scan({ from: fitting(from, maxKeyBytes), to: fitting(to, maxKeyBytes), limit, isReverse });
  }

  *#merged(page: readonly ByteRow[], from: Buffer, to: Buffer): IterableIterator<ByteRow> {
    const written = this.#written(from, to);
    let at = 0;
    for (const row of page) {
      const text = row.key.toString('latin1');
      for (; at < written.length && (written[at] as string) < text; at++) yield* this.#row(written[at] as string);
      if (written[at] === text) at++;
      // Asked again: a row may have been changed since the page was read.
      const pending = this.#pending.get(text);
      if (pending === undefined) yield row;
      else if (pending.value !== null) yield pending as ByteRow;
    }
    for (; at < written.length; at++) yield* this.#row(written[at] as string);
  }

  /** The keys in [from, to) that were written since the last commit. */
  #written(from: Buffer, to: Buffer): readonly string[] {
    if (this.#pending.size === 0) return [];
    this.#sorted ??= new SortedTexts(this.#pending.keys());
    return this.#sorted.between(from.toString('latin1'), to.toString('latin1'));
  }

  *#row(text: string): IterableIterator<ByteRow> {
    const change = this.#pending.get(text);
    if (change !== undefined && change.value !== null) yield change as ByteRow;
  }
}

/** The least key after another. */
function after(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.from([0])]);
}

/** A bound that lies between the same keys of at most `maxKeyBytes` as `bound` does. */
function fitting(bound: Buffer, maxKeyBytes: number): Buffer {
  return bound.length <= maxKeyBytes ? bound : endOfPrefix(bound.subarray(0, maxKeyBytes));
}
