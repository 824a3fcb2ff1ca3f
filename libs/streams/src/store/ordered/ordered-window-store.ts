import type { Serde } from '../../serde/serde.js';
import type { Windowed } from '../../window/windowed.js';
import type { PendingRows } from '../engine/pending-rows.js';
import { keyText } from '../key-text.js';
import type { TimestampedValue } from '../key-value-store.js';
import type { PersistentStore } from '../persistent-store.js';
import type { QueryIsolation, Queryable, ReadOnlyWindowStore } from '../read-only-stores.js';
import type { ChangelogWriter } from '../state-store.js';
import { windowKeyBytes, windowKeyEnd, windowStartOf } from '../window-key.js';
import type { WindowStore } from '../window-store.js';
import {
  FIRST_MS,
  LAST_MS,
  RowKind,
  boundMs,
  keyFirst,
  numberAt,
  numbersAfterKey,
  startOf,
  startOfTime,
  timeFirst,
  timeOf,
} from './row-keys.js';
import { StoreTimes } from './store-times.js';
import { readTimestamped, timestampedBytes, timestampedRange, valueBytesOf } from './timestamped-bytes.js';

const NOTHING = Buffer.alloc(0);
const FIRST = startOf(RowKind.row);
const END = startOf(RowKind.index);

/**
 * A window store outside the heap. Rows sort by their window's start, so that those that are gone stand at the front; where windows
 * are fetched by key, an index lists the starts of each key.
 */
export class OrderedWindowStore<K, V>
  implements WindowStore<K, V>, PersistentStore, Queryable<ReadOnlyWindowStore<K, V>>
{
  readonly name: string;
  readonly rows: PendingRows;
  readonly #key: Serde<K>;
  readonly #value: Serde<V>;
  readonly #windowSizeMs: number;
  readonly #retentionMs: number;
  readonly #isIndexed: boolean;
  readonly #changelog: ChangelogWriter | undefined;
  /** The latest start of a window, gone ones included. */
  readonly #times: StoreTimes;

  constructor(
    name: string,
    serdes: { readonly key: Serde<K>; readonly value: Serde<V> },
    windows: { readonly windowSizeMs: number; readonly retentionMs: number; readonly isFetchedByKey?: boolean },
    rows: PendingRows,
    changelog?: ChangelogWriter,
  ) {
    this.name = name;
    this.rows = rows;
    this.#key = serdes.key;
    this.#value = serdes.value;
    this.#windowSizeMs = windows.windowSizeMs;
    this.#retentionMs = windows.retentionMs;
    this.#isIndexed = windows.isFetchedByKey ?? false;
    this.#changelog = changelog;
    this.#times = new StoreTimes(rows);
  }

  get(key: K, startMs: number): TimestampedValue<V> | undefined {
    return this.#isGone(startMs) ? undefined : this.#read(this.#key.serialize(key), startMs);
  }

  put(key: K, startMs: number, value: V | null, timestampMs: number, isLogged = true): void {
    this.#times.observe(startMs);
    const keyBytes = this.#key.serialize(key);
    const row = value === null ? null : timestampedBytes(value, timestampMs, this.#value);
    this.#set(keyBytes, startMs, row);
    if (isLogged) this.#append(keyBytes, startMs, row === null ? null : valueBytesOf(row), timestampMs);
  }

  log(key: K, startMs: number, value: V | null, timestampMs: number): void {
    const valueBytes = value === null ? null : this.#value.serialize(value);
    this.#append(this.#key.serialize(key), startMs, valueBytes, timestampMs);
  }

  *fetch(key: K, fromMs: number, toMs: number): IterableIterator<[number, TimestampedValue<V>]> {
    if (!this.#isIndexed) return;
    const keyBytes = this.#key.serialize(key);
    const from = keyFirst(RowKind.index, keyBytes, boundMs(Math.max(fromMs, this.#firstHeldMs())));
    const to = keyFirst(RowKind.index, keyBytes, boundMs(toMs + 1));
    for (const { key: entry } of this.rows.scan(from, to)) {
      const startMs = numberAt(entry, numbersAfterKey(entry));
      const row = this.#read(keyBytes, startMs);
      if (row !== undefined) yield [startMs, row];
    }
  }

  readOnly(isolation: QueryIsolation): ReadOnlyWindowStore<K, V> {
    if (isolation === 'read_committed') {
      const serdes = { key: this.#key, value: this.#value };
      const windows = { windowSizeMs: this.#windowSizeMs, retentionMs: this.#retentionMs };
      const committed = this.rows.committed();
      const isFetchedByKey = this.#isIndexed;
      return new OrderedWindowStore(this.name, serdes, { ...windows, isFetchedByKey }, committed).readOnly(
        'read_uncommitted',
      );
    }
    return {
      fetch: (key, fromMs, toMs) =>
        this.#isIndexed ? this.fetch(key, fromMs, toMs) : this.#tryStarts(key, fromMs, toMs),
      startingIn: (fromMs, toMs) => this.startingIn(fromMs, toMs),
    };
  }

  *startingIn(fromMs: number, toMs: number): IterableIterator<[Windowed<K>, TimestampedValue<V>]> {
    const from = startOfTime(RowKind.row, Math.max(fromMs, this.#firstHeldMs()));
    for (const { key, value } of this.rows.scan(from, startOfTime(RowKind.row, toMs + 1))) {
      const startMs = timeOf(key);
      const windowed = { key: this.#key.deserialize(key, 9, key.length), startMs, endMs: startMs + this.#windowSizeMs };
      yield [windowed, readTimestamped(value, this.#value)];
    }
  }

  latestStartMs(): number | undefined {
    const latest = this.rows.last(FIRST, END);
    return latest === undefined ? undefined : timeOf(latest.key);
  }

  entries(): IterableIterator<[Windowed<K>, TimestampedValue<V>]> {
    return this.startingIn(FIRST_MS, LAST_MS);
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
    this.#times.observe(startMs);
    if (this.#isGone(startMs)) return;
    const row = valueStart < 0 ? null : timestampedRange(buffer, valueStart, valueEnd, timestampMs);
    this.#set(buffer.subarray(keyStart, windowKeyEnd(keyEnd)), startMs, row);
  }

  commit(): void {
    const gone = this.rows.leaving(FIRST, startOfTime(RowKind.row, this.#firstHeldMs()));
    for (const { key } of gone) this.#set(key.subarray(9), timeOf(key), null);
    this.#times.commit();
  }

  rollback(): void {
    this.rows.clear();
    this.#times.rollback();
  }

  beginRecord(): void {
    this.rows.beginRecord();
    this.#times.beginRecord();
  }

  undoRecord(): void {
    this.rows.undoRecord();
    this.#times.undoRecord();
  }

  reset(): void {
    this.rollback();
    this.#times.reset();
  }

  size(): number {
    let size = 0;
    for (const _row of this.rows.scan(startOfTime(RowKind.row, this.#firstHeldMs()), END)) size++;
    return size;
  }

  textOf(key: K): string {
    return keyText(key, this.#key);
  }

  /** Windows that start before are gone. */
  #firstHeldMs(): number {
    return this.#times.latestMs - this.#retentionMs;
  }

  #isGone(startMs: number): boolean {
    return startMs < this.#firstHeldMs();
  }

  #read(key: Buffer, startMs: number): TimestampedValue<V> | undefined {
    const row = this.rows.get(timeFirst(RowKind.row, startMs, key));
    return row === undefined ? undefined : readTimestamped(row, this.#value);
  }

  /** The windows of a key where no index lists them: looks it up under each start. */
  *#tryStarts(key: K, fromMs: number, toMs: number): IterableIterator<[number, TimestampedValue<V>]> {
    const keyBytes = this.#key.serialize(key);
    const end = startOfTime(RowKind.row, toMs + 1);
    let nextMs = Math.max(fromMs, this.#firstHeldMs());
    for (;;) {
      const [first] = this.rows.scan(startOfTime(RowKind.row, nextMs), end);
      if (first === undefined) return;
      const startMs = timeOf(first.key);
      const row = this.#read(keyBytes, startMs);
      if (row !== undefined) yield [startMs, row];
      nextMs = startMs + 1;
    }
  }

  #set(key: Buffer, startMs: number, row: Buffer | null): void {
    this.rows.put(timeFirst(RowKind.row, startMs, key), row);
    if (this.#isIndexed) this.rows.put(keyFirst(RowKind.index, key, startMs), row === null ? null : NOTHING);
  }

  #append(key: Buffer, startMs: number, value: Buffer | null, timestampMs: number): void {
    this.#changelog?.append(windowKeyBytes(key, startMs, 0), value, timestampMs);
  }
}
