import type { Serde } from '../../serde/serde.js';
import type { PendingRows } from '../engine/pending-rows.js';
import { keyText } from '../key-text.js';
import type { KeyValueStore, TimestampedValue } from '../key-value-store.js';
import type { PersistentStore } from '../persistent-store.js';
import type { QueryIsolation, Queryable, ReadOnlyKeyValueStore } from '../read-only-stores.js';
import type { ChangelogWriter } from '../state-store.js';
import type { PutOutcome, TableStore } from '../table-store.js';
import { RowKind, plainKey, startOf } from './row-keys.js';
import { readTimestamped, timestampedBytes, timestampedRange, valueBytesOf } from './timestamped-bytes.js';

const FIRST = startOf(RowKind.row);
const END = startOf(RowKind.index);

/** A key-value store outside the heap. A row is the key, then the value with its timestamp; rows sort by the key's bytes. */
export class OrderedKeyValueStore<K, V>
  implements KeyValueStore<K, V>, TableStore, PersistentStore, Queryable<ReadOnlyKeyValueStore<K, V>>
{
  readonly name: string;
  readonly rows: PendingRows;
  readonly #key: Serde<K>;
  readonly #value: Serde<V>;
  readonly #changelog: ChangelogWriter | undefined;
  readonly #nowMs: () => number;

  /** @param recordTimeMs the timestamp of the record being processed, for writes that give none. */
  constructor(
    name: string,
    serdes: { readonly key: Serde<K>; readonly value: Serde<V> },
    rows: PendingRows,
    recordTimeMs: () => number,
    changelog?: ChangelogWriter,
  ) {
    this.name = name;
    this.rows = rows;
    this.#key = serdes.key;
    this.#value = serdes.value;
    this.#nowMs = recordTimeMs;
    this.#changelog = changelog;
  }

  get(key: K): V | undefined {
    return this.getWithTimestamp(key)?.value;
  }

  getWithTimestamp(key: K): TimestampedValue<V> | undefined {
    const row = this.rows.get(plainKey(RowKind.row, this.#key.serialize(key)));
    return row === undefined ? undefined : readTimestamped(row, this.#value);
  }

  row(key: K): TimestampedValue<V> | undefined {
    return this.getWithTimestamp(key);
  }

  rowAsOf(key: K): TimestampedValue<V> | undefined {
    return this.getWithTimestamp(key);
  }

  put(key: K, value: V | null, timestampMs: number = this.#nowMs(), isLogged = true): PutOutcome {
    const keyBytes = this.#key.serialize(key);
    const row = value === null ? null : timestampedBytes(value, timestampMs, this.#value);
    this.rows.put(plainKey(RowKind.row, keyBytes), row);
    if (isLogged) this.#changelog?.append(keyBytes, row === null ? null : valueBytesOf(row), timestampMs);
    return 'latest';
  }

  log(key: K, value: V | null, timestampMs: number): void {
    if (this.#changelog === undefined) return;
    this.#changelog.append(this.#key.serialize(key), value === null ? null : this.#value.serialize(value), timestampMs);
  }

  delete(key: K): void {
    this.put(key, null);
  }

  /** All entries, in the order of the keys' bytes. */
  entries(): IterableIterator<[K, TimestampedValue<V>]> {
    return this.#scan(FIRST, END);
  }

  range(from: Buffer, to?: Buffer): IterableIterator<[K, TimestampedValue<V>]> {
    return this.#scan(plainKey(RowKind.row, from), to === undefined ? END : plainKey(RowKind.row, to));
  }

  readOnly(isolation: QueryIsolation): ReadOnlyKeyValueStore<K, V> {
    if (isolation === 'read_uncommitted') return this;
    const serdes = { key: this.#key, value: this.#value };
    return new OrderedKeyValueStore(this.name, serdes, this.rows.committed(), this.#nowMs);
  }

  *#scan(from: Buffer, to: Buffer): IterableIterator<[K, TimestampedValue<V>]> {
    for (const { key, value } of this.rows.scan(from, to)) {
      yield [this.#key.deserialize(key, 1, key.length), readTimestamped(value, this.#value)];
    }
  }

  size(): number {
    return this.rows.count();
  }

  restore(
    buffer: Buffer,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    timestampMs: number,
  ): void {
    const key = plainKey(RowKind.row, buffer.subarray(keyStart, keyEnd));
    if (valueStart < 0) this.rows.put(key, null);
    else this.rows.put(key, timestampedRange(buffer, valueStart, valueEnd, timestampMs));
  }

  commit(): void {}

  rollback(): void {
    this.rows.clear();
  }

  beginRecord(): void {
    this.rows.beginRecord();
  }

  undoRecord(): void {
    this.rows.undoRecord();
  }

  reset(): void {
    this.rows.clear();
  }

  textOf(key: K): string {
    return keyText(key, this.#key);
  }
}
