import { GrowingBytes } from '@millrace/protocol';
import { settled } from '../serde/json/lazy-object.js';
import { writeValue, type Serde } from '../serde/serde.js';
import { keyText } from './key-text.js';
import type { Windowed } from '../window/windowed.js';
import type { TimestampedValue } from './key-value-store.js';
import type { QueryIsolation, Queryable, ReadOnlyWindowStore } from './read-only-stores.js';
import { SortedTimes } from './sorted-times.js';
import type { ChangelogWriter } from './state-store.js';
import type { WindowStore } from './window-store.js';
import { UndoLog } from './undo-log.js';
import { appendWindow, windowKeyEnd, windowStartOf } from './window-key.js';

/** A null value stands for a deletion that is not committed yet. */
interface Row<K, V> extends TimestampedValue<V | null> {
  readonly key: K;
}

type RowsByWindow<K, V> = Map<number, Map<string, Row<K, V>>>;

/** A window store in the heap. The memory of a window that is gone is given back at the next commit. */
export class HeapWindowStore<K, V> implements WindowStore<K, V>, Queryable<ReadOnlyWindowStore<K, V>> {
  readonly name: string;
  readonly #key: Serde<K>;
  readonly #value: Serde<V>;
  readonly #windowSizeMs: number;
  readonly #retentionMs: number;
  readonly #changelog: ChangelogWriter | undefined;
  /** The key that is logged. */
  readonly #keyBytes = new GrowingBytes();
  readonly #committed: RowsByWindow<K, V> = new Map();
  #overlay: RowsByWindow<K, V> = new Map();
  /** The latest start of a window, gone ones included; and what it was at the last commit. */
  #latestMs = -Infinity;
  #committedLatestMs = -Infinity;
  #latestMsBefore = -Infinity;
  /** Takes back the writes of the present record; undefined where no record is taken back alone. */
  #undo: UndoLog | undefined;
  /** The starts of all windows, committed or not; those of emptied windows may linger. */
  readonly #starts = new SortedTimes();
  /** The same for each key, where somebody fetches by key and time. */
  readonly #startsByKey: Map<string, SortedTimes> | undefined;

  constructor(
    name: string,
    serdes: { readonly key: Serde<K>; readonly value: Serde<V> },
    windows: { readonly windowSizeMs: number; readonly retentionMs: number; readonly isFetchedByKey?: boolean },
    changelog?: ChangelogWriter,
  ) {
    this.name = name;
    this.#key = serdes.key;
    this.#value = serdes.value;
    this.#windowSizeMs = windows.windowSizeMs;
    this.#retentionMs = windows.retentionMs;
    this.#changelog = changelog;
    this.#startsByKey = windows.isFetchedByKey === true ? new Map<string, SortedTimes>() : undefined;
  }

  get(key: K, startMs: number): TimestampedValue<V> | undefined {
    if (this.#isGone(startMs)) return undefined;
    const text = this.textOf(key);
    const row = this.#overlay.get(startMs)?.get(text) ?? this.#committed.get(startMs)?.get(text);
    return row === undefined || row.value === null ? undefined : (row as TimestampedValue<V>);
  }

  put(key: K, startMs: number, value: V | null, timestampMs: number, isLogged = true): void {
    const text = this.textOf(key);
    this.#know(startMs, text);
    this.#latestMs = Math.max(this.#latestMs, startMs);
    this.#undo?.push(this.#putBack(startMs, text));
    rowsOf(this.#overlay, startMs).set(text, { key, value: settled(value), timestampMs });
    if (isLogged) this.log(key, startMs, value, timestampMs);
  }

  log(key: K, startMs: number, value: V | null, timestampMs: number): void {
    if (this.#changelog === undefined) return;
    const keyBytes = this.#keyBytes;
    keyBytes.clear();
    writeValue(this.#key, key, keyBytes);
    appendWindow(keyBytes, startMs, 0);
    this.#changelog.write(keyBytes.bytes, keyBytes.length, this.#value, value, timestampMs);
  }

  *fetch(key: K, fromMs: number, toMs: number): IterableIterator<[number, TimestampedValue<V>]> {
    for (const startMs of this.#startsByKey?.get(this.textOf(key))?.range(fromMs, toMs) ?? []) {
      const row = this.get(key, startMs);
      if (row !== undefined) yield [startMs, row];
    }
  }

  *startingIn(fromMs: number, toMs: number): IterableIterator<[Windowed<K>, TimestampedValue<V>]> {
    for (const startMs of this.#starts.range(Math.max(fromMs, this.#latestMs - this.#retentionMs), toMs)) {
      const pending = this.#overlay.get(startMs);
      for (const [text, row] of this.#committed.get(startMs) ?? []) {
        if (pending?.has(text) !== true) yield [this.#windowed(row.key, startMs), row as TimestampedValue<V>];
      }
      for (const row of pending?.values() ?? []) {
        if (row.value !== null) yield [this.#windowed(row.key, startMs), row as TimestampedValue<V>];
      }
    }
  }

  readOnly(isolation: QueryIsolation): ReadOnlyWindowStore<K, V> {
    const isCommitted = isolation === 'read_committed';
    return {
      fetch: (key, fromMs, toMs) => this.#fetchFrom(isCommitted, key, fromMs, toMs),
      startingIn: (fromMs, toMs) =>
        isCommitted ? this.#committedStartingIn(fromMs, toMs) : this.startingIn(fromMs, toMs),
    };
  }

  latestStartMs(): number | undefined {
    return this.#starts.latestMs;
  }

  entries(): IterableIterator<[Windowed<K>, TimestampedValue<V>]> {
    return this.startingIn(-Infinity, Infinity);
  }

  restore(
    buffer: Buffer,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    timestampMs: number,
  ): void {
    const startMs = windowStartOf(buffer, keyEnd);
    this.#latestMs = Math.max(this.#latestMs, startMs);
    this.#dropGone();
    if (this.#isGone(startMs)) return;
    const key = this.#key.deserialize(buffer, keyStart, windowKeyEnd(keyEnd));
    const value = valueStart < 0 ? null : this.#value.deserialize(buffer, valueStart, valueEnd);
    this.#take(startMs, this.textOf(key), { key, value, timestampMs });
  }

  commit(): void {
    this.#dropGone();
    for (const [startMs, rows] of this.#overlay) {
      if (this.#isGone(startMs)) continue;
      for (const [text, row] of rows) this.#take(startMs, text, row);
    }
    this.#overlay = new Map();
    this.#undo?.clear();
  }

  rollback(): void {
    const overlay = this.#overlay;
    this.#overlay = new Map();
    for (const [startMs, rows] of overlay) this.#forget(startMs, rows.keys());
    this.#latestMs = this.#committedLatestMs;
    this.#undo?.clear();
  }

  beginRecord(): void {
    this.#undo ??= new UndoLog();
    this.#undo.clear();
    this.#latestMsBefore = this.#latestMs;
  }

  undoRecord(): void {
    this.#undo?.undoAll();
    this.#latestMs = this.#latestMsBefore;
  }

  size(): number {
    let size = 0;
    for (const _entry of this.entries()) size++;
    return size;
  }

  textOf(key: K): string {
    return keyText(key, this.#key);
  }

  /** The windows of a key; where no index lists them, it is looked up under each start. */
  *#fetchFrom(
    isCommitted: boolean,
    key: K,
    fromMs: number,
    toMs: number,
  ): IterableIterator<[number, TimestampedValue<V>]> {
    const text = this.textOf(key);
    const starts = this.#startsByKey === undefined ? this.#starts : this.#startsByKey.get(text);
    const heldFromMs = this.#committedLatestMs - this.#retentionMs;
    for (const startMs of starts?.range(fromMs, toMs) ?? []) {
      const committed = startMs < heldFromMs ? undefined : this.#committed.get(startMs)?.get(text);
      const row = isCommitted ? committed : this.get(key, startMs);
      if (row !== undefined) yield [startMs, row as TimestampedValue<V>];
    }
  }

  *#committedStartingIn(fromMs: number, toMs: number): IterableIterator<[Windowed<K>, TimestampedValue<V>]> {
    const heldFromMs = Math.max(fromMs, this.#committedLatestMs - this.#retentionMs);
    for (const startMs of this.#starts.range(heldFromMs, toMs)) {
      for (const row of this.#committed.get(startMs)?.values() ?? []) {
        yield [this.#windowed(row.key, startMs), row as TimestampedValue<V>];
      }
    }
  }

  /** How to make the overlay of a row what it is now. */
  #putBack(startMs: number, text: string): () => void {
    const before = this.#overlay.get(startMs)?.get(text);
    return () => {
      const rows = rowsOf(this.#overlay, startMs);
      if (before !== undefined) {
        rows.set(text, before);
        return;
      }
      rows.delete(text);
      if (rows.size === 0) this.#overlay.delete(startMs);
      this.#forget(startMs, [text]);
    };
  }

  #isGone(startMs: number): boolean {
    return startMs < this.#latestMs - this.#retentionMs;
  }

  #windowed(key: K, startMs: number): Windowed<K> {
    return { key, startMs, endMs: startMs + this.#windowSizeMs };
  }

  #take(startMs: number, text: string, row: Row<K, V>): void {
    if (row.value === null) {
      this.#committed.get(startMs)?.delete(text);
      return;
    }
    this.#know(startMs, text);
    rowsOf(this.#committed, startMs).set(text, row);
  }

  #know(startMs: number, text: string): void {
    this.#starts.add(startMs);
    if (this.#startsByKey === undefined) return;
    let starts = this.#startsByKey.get(text);
    if (starts === undefined) this.#startsByKey.set(text, (starts = new SortedTimes()));
    starts.add(startMs);
  }

  /** Takes a window out of the lists of starts, where nothing stands under it any longer. */
  #forget(startMs: number, texts: Iterable<string>): void {
    const rows = this.#committed.get(startMs);
    if (rows === undefined && !this.#overlay.has(startMs)) this.#starts.delete(startMs);
    if (this.#startsByKey === undefined) return;
    for (const text of texts) {
      const starts = this.#startsByKey.get(text);
      if (starts === undefined || rows?.has(text) === true) continue;
      starts.delete(startMs);
      if (starts.size === 0) this.#startsByKey.delete(text);
    }
  }

  #dropGone(): void {
    this.#committedLatestMs = this.#latestMs;
    for (const startMs of this.#starts.takeBefore(this.#latestMs - this.#retentionMs)) {
      const rows = this.#committed.get(startMs);
      this.#committed.delete(startMs);
      if (this.#startsByKey !== undefined) this.#forget(startMs, rows?.keys() ?? []);
    }
  }
}

function rowsOf<K, V>(windows: RowsByWindow<K, V>, startMs: number): Map<string, Row<K, V>> {
  let rows = windows.get(startMs);
  if (rows === undefined) windows.set(startMs, (rows = new Map<string, Row<K, V>>()));
  return rows;
}
