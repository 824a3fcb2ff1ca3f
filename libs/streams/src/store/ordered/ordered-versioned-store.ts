import type { Serde } from '../../serde/serde.js';
import type { ByteRow } from '../engine/store-engine.js';
import type { PendingRows } from '../engine/pending-rows.js';
import { inKeyOrder } from '../key-order.js';
import { keyText } from '../key-text.js';
import type { TimestampedValue } from '../key-value-store.js';
import type { PersistentStore } from '../persistent-store.js';
import type { QueryIsolation, Queryable, ReadOnlyVersionedStore } from '../read-only-stores.js';
import type { ChangelogWriter } from '../state-store.js';
import type { PutOutcome, TableStore } from '../table-store.js';
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

/** A row that stands for a deletion; every other value has a byte before it. */
const DELETION = Buffer.alloc(0);
const NOTHING = Buffer.alloc(0);
const PRESENT = Buffer.from([1]);
const FIRST = startOf(RowKind.row);
const END = startOf(RowKind.index);

/**
 * A versioned store outside the heap. Rows sort by key and time, one a version. Versions that no time within the history shows
 * leave when their key is written again; an index of the deletions lets keys leave that are gone for good.
 */
export class OrderedVersionedStore<K, V>
  implements TableStore, PersistentStore, Queryable<ReadOnlyVersionedStore<K, V>>
{
  readonly name: string;
  readonly rows: PendingRows;
  readonly #key: Serde<K>;
  readonly #value: Serde<V>;
  readonly #historyMs: number;
  readonly #changelog: ChangelogWriter | undefined;
  readonly #times: StoreTimes;
  /** The keys that were written since the last commit, each as the beginning of its rows. */
  #written = new Map<string, Buffer>();

  constructor(
    name: string,
    serdes: { readonly key: Serde<K>; readonly value: Serde<V> },
    historyMs: number,
    rows: PendingRows,
    changelog?: ChangelogWriter,
  ) {
    this.name = name;
    this.rows = rows;
    this.#key = serdes.key;
    this.#value = serdes.value;
    this.#historyMs = historyMs;
    this.#changelog = changelog;
    this.#times = new StoreTimes(rows);
  }

  row(key: K): TimestampedValue<V> | undefined {
    return this.#shown(this.#lastUpTo(this.#key.serialize(key), LAST_MS));
  }

  rowAsOf(key: K, timestampMs: number): TimestampedValue<V> | undefined {
    const keyBytes = this.#key.serialize(key);
    const version = this.#lastUpTo(keyBytes, timestampMs);
    if (version === undefined || timestampMs >= this.#heldFromMs()) return this.#shown(version);
    const latest = this.#lastUpTo(keyBytes, LAST_MS);
    return latest !== undefined && latest.key.equals(version.key) ? this.#shown(version) : undefined;
  }

  put(key: K, value: V | null, timestampMs: number, isLogged = true): PutOutcome {
    if (timestampMs < this.#heldFromMs()) return 'refused';
    const keyBytes = this.#key.serialize(key);
    const latest = this.#lastUpTo(keyBytes, LAST_MS);
    const valueBytes = value === null ? null : this.#value.serialize(value);
    this.#set(keyBytes, timestampMs, valueBytes);
    if (isLogged) this.#changelog?.append(keyBytes, valueBytes, timestampMs);
    return latest === undefined || timeOfVersion(latest) <= timestampMs ? 'latest' : 'older';
  }

  log(key: K, value: V | null, timestampMs: number): void {
    if (this.#changelog === undefined) return;
    this.#changelog.append(this.#key.serialize(key), value === null ? null : this.#value.serialize(value), timestampMs);
  }

  /** The latest versions, in the order of the keys' bytes, shorter keys first. */
  *entries(): IterableIterator<[K, TimestampedValue<V>]> {
    let latest: ByteRow | undefined;
    for (const version of this.rows.scan(FIRST, END)) {
      if (latest !== undefined && !isOfSameKey(latest.key, version.key)) yield* this.#entry(latest);
      latest = version;
    }
    if (latest !== undefined) yield* this.#entry(latest);
  }

  range(from: Buffer, to?: Buffer): IterableIterator<[K, TimestampedValue<V>]> {
    return inKeyOrder(this.entries(), this.#key, from, to);
  }

  readOnly(isolation: QueryIsolation): ReadOnlyVersionedStore<K, V> {
    if (isolation === 'read_uncommitted') return this;
    const serdes = { key: this.#key, value: this.#value };
    return new OrderedVersionedStore(this.name, serdes, this.#historyMs, this.rows.committed());
  }

  size(): number {
    let size = 0;
    for (const _entry of this.entries()) size++;
    return size;
  }

  restore(
    buffer: Buffer,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    timestampMs: number,
  ): void {
    if (timestampMs < this.#heldFromMs()) return;
    const value = valueStart < 0 ? null : buffer.subarray(valueStart, valueEnd);
    this.#set(buffer.subarray(keyStart, keyEnd), timestampMs, value);
  }

  commit(): void {
    for (const start of this.#written.values()) this.#leaveBehind(start);
    this.#written = new Map();
    this.#leaveDeleted();
    this.#times.commit();
  }

  rollback(): void {
    this.rows.clear();
    this.#written = new Map();
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

  textOf(key: K): string {
    return keyText(key, this.#key);
  }

  /** Versions before this time are history no longer, unless they hold on into it. */
  #heldFromMs(): number {
    return this.#times.latestMs - this.#historyMs;
  }

  #lastUpTo(key: Buffer, ms: number): ByteRow | undefined {
    return this.rows.last(keyFirst(RowKind.row, key, FIRST_MS), keyFirst(RowKind.row, key, boundMs(ms + 1)));
  }

  #set(key: Buffer, timestampMs: number, value: Buffer | null): void {
    this.#times.observe(timestampMs);
    const start = keyFirst(RowKind.row, key);
    this.#written.set(start.toString('latin1'), start);
    const row = value === null ? DELETION : Buffer.concat([PRESENT, value]);
    this.rows.put(keyFirst(RowKind.row, key, timestampMs), row);
    this.rows.put(timeFirst(RowKind.index, timestampMs, key), value === null ? NOTHING : null);
  }

  /** Takes out the versions of a key that ended before the history begins. */
  #leaveBehind(start: Buffer): void {
    const key = start.subarray(5);
    const heldFrom = keyFirst(RowKind.row, key, boundMs(this.#heldFromMs() + 1));
    const past = [...this.rows.scan(keyFirst(RowKind.row, key, FIRST_MS), heldFrom)];
    for (const version of past.slice(0, -1)) this.#drop(key, timeOfVersion(version));
  }

  /** Takes out deletions that are history, with what was before them: nothing shows the same as a deletion. */
  #leaveDeleted(): void {
    const history = startOfTime(RowKind.index, this.#heldFromMs());
    for (const { key: entry } of this.rows.leaving(END, history)) {
      // A value may have taken the deletion's place since the last commit.
      if (this.rows.get(entry) === undefined) continue;
      const key = entry.subarray(9);
      this.#leaveBehind(keyFirst(RowKind.row, key));
      this.#drop(key, timeOf(entry));
    }
  }

  #drop(key: Buffer, timestampMs: number): void {
    this.rows.put(keyFirst(RowKind.row, key, timestampMs), null);
    this.rows.put(timeFirst(RowKind.index, timestampMs, key), null);
  }

  #shown(version: ByteRow | undefined): TimestampedValue<V> | undefined {
    if (version === undefined || version.value.length === 0) return undefined;
    const { value } = version;
    return { value: this.#value.deserialize(value, 1, value.length), timestampMs: timeOfVersion(version) };
  }

  *#entry(version: ByteRow): IterableIterator<[K, TimestampedValue<V>]> {
    const shown = this.#shown(version);
    if (shown !== undefined) yield [this.#key.deserialize(version.key, 5, numbersAfterKey(version.key)), shown];
  }
}

function timeOfVersion({ key }: ByteRow): number {
  return numberAt(key, numbersAfterKey(key));
}

function isOfSameKey(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && one.subarray(0, -8).equals(other.subarray(0, -8));
}
