import { TaskError, describeError } from '@millrace/kernel';
import { GrowingBytes } from '@millrace/protocol';
import { settled } from '../serde/json/lazy-object.js';
import { isReadable, writeValue, type Serde } from '../serde/serde.js';
import { inKeyOrder } from './key-order.js';
import { keyText } from './key-text.js';
import type { QueryIsolation, ReadOnlyKeyValueStore, Queryable } from './read-only-stores.js';
import { RestoredRows, type RestoredRow } from './restored-rows.js';
import type { ChangelogWriter } from './state-store.js';
import type { PutOutcome, TableStore } from './table-store.js';

/** A value with the timestamp of the record that set it. */
export interface TimestampedValue<V> {
  readonly value: V;
  readonly timestampMs: number;
}

/** What a processor sees of a key-value store. Values are shared, not copied: treat them as immutable. */
export interface KeyValueStore<K, V> {
  get(key: K): V | undefined;
  getWithTimestamp(key: K): TimestampedValue<V> | undefined;
  /** Sets or, with `null`, deletes. `timestampMs` defaults to that of the record being processed. */
  put(key: K, value: V | null, timestampMs?: number): void;
  delete(key: K): void;
  /** All entries in no particular order. */
  entries(): IterableIterator<[K, TimestampedValue<V>]>;
  size(): number;
}

interface Entry<K, V> extends TimestampedValue<V> {
  readonly key: K;
}

/**
 * A key-value store in the heap, with every write in its changelog.
 *
 * What a restore brings back stays bytes until somebody asks for the key, where the serdes allow that. A key that was written since, or
 * read at once, has no such row.
 */
export class HeapKeyValueStore<K, V>
  implements KeyValueStore<K, V>, TableStore, Queryable<ReadOnlyKeyValueStore<K, V>>
{
  readonly name: string;
  readonly #key: Serde<K>;
  readonly #value: Serde<V>;
  readonly #changelog: ChangelogWriter | undefined;
  /** The key that is logged. */
  readonly #keyBytes = new GrowingBytes();
  readonly #nowMs: () => number;
  readonly #committed = new Map<string, Entry<K, V>>();
  readonly #isChecked: boolean;
  /** Committed rows that nobody has asked for since they were restored; none of them is in {@link #committed} or the overlay. */
  #restored: RestoredRows | undefined;
  #overlay = new Map<string, Entry<K, V> | null>();
  /** What stood in the overlay before the present record; undefined where no record is taken back alone. */
  #before: Map<string, Entry<K, V> | null | undefined> | undefined;

  /**
   * @param recordTimeMs the timestamp of the record being processed, for writes that give none.
   * @param isChecked whether {@link restore} takes what others have written, and throws what nobody can read. Default: not.
   */
  constructor(
    name: string,
    serdes: { readonly key: Serde<K>; readonly value: Serde<V> },
    recordTimeMs: () => number,
    changelog?: ChangelogWriter,
    isChecked = false,
  ) {
    this.#isChecked = isChecked;
    this.name = name;
    this.#key = serdes.key;
    this.#value = serdes.value;
    this.#nowMs = recordTimeMs;
    this.#changelog = changelog;
  }

  get(key: K): V | undefined {
    return this.getWithTimestamp(key)?.value;
  }

  getWithTimestamp(key: K): TimestampedValue<V> | undefined {
    const text = this.textOf(key);
    const pending = this.#overlay.get(text);
    if (pending !== undefined) return pending ?? undefined;
    return this.#committedRow(text, key);
  }

  row(key: K): TimestampedValue<V> | undefined {
    return this.getWithTimestamp(key);
  }

  rowAsOf(key: K): TimestampedValue<V> | undefined {
    return this.getWithTimestamp(key);
  }

  put(key: K, value: V | null, timestampMs: number = this.#nowMs(), isLogged = true): PutOutcome {
    const text = this.textOf(key);
    if (this.#restored !== undefined) this.#recall(text, key);
    if (this.#before?.has(text) === false) this.#before.set(text, this.#overlay.get(text));
    this.#overlay.set(text, value === null ? null : { key, value: settled(value), timestampMs });
    if (isLogged) this.log(key, value, timestampMs);
    return 'latest';
  }

  /** Writes a key's value to the changelog, where there is one. */
  log(key: K, value: V | null, timestampMs: number): void {
    if (this.#changelog === undefined) return;
    const keyBytes = this.#keyBytes;
    keyBytes.clear();
    writeValue(this.#key, key, keyBytes);
    this.#changelog.write(keyBytes.bytes, keyBytes.length, this.#value, value, timestampMs);
  }

  delete(key: K): void {
    this.put(key, null);
  }

  *entries(): IterableIterator<[K, TimestampedValue<V>]> {
    this.#recallAll();
    for (const [text, entry] of this.#committed) if (!this.#overlay.has(text)) yield [entry.key, entry];
    for (const entry of this.#overlay.values()) if (entry !== null) yield [entry.key, entry];
  }

  size(): number {
    let size = this.#committed.size + (this.#restored?.size ?? 0);
    for (const [text, entry] of this.#overlay) size += (entry === null ? 0 : 1) - (this.#committed.has(text) ? 1 : 0);
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
    if (this.#mayStayBytes(buffer, keyStart, keyEnd, valueStart, valueEnd)) {
      this.#keep(buffer, keyStart, keyEnd, valueStart, valueEnd, timestampMs);
      return;
    }
    const key = this.#key.deserialize(buffer, keyStart, keyEnd);
    const value = valueStart < 0 ? undefined : this.#value.deserialize(buffer, valueStart, valueEnd);
    const text = this.textOf(key);
    if (this.#restored !== undefined) this.#dropRestored(this.#key.serialize(key));
    if (value === undefined) this.#committed.delete(text);
    else this.#committed.set(text, { key, value, timestampMs });
  }

  commit(): void {
    for (const [text, entry] of this.#overlay) {
      if (entry === null) this.#committed.delete(text);
      else this.#committed.set(text, entry);
    }
    this.#overlay = new Map();
  }

  rollback(): void {
    this.#overlay = new Map();
  }

  readOnly(isolation: QueryIsolation): ReadOnlyKeyValueStore<K, V> {
    const isCommitted = isolation === 'read_committed';
    return {
      row: (key) => (isCommitted ? this.#committedRow(this.textOf(key), key) : this.getWithTimestamp(key)),
      range: (from, to) => inKeyOrder(isCommitted ? this.#committedEntries() : this.entries(), this.#key, from, to),
    };
  }

  beginRecord(): void {
    if (this.#before === undefined) this.#before = new Map();
    else if (this.#before.size > 0) this.#before.clear();
  }

  undoRecord(): void {
    for (const [text, entry] of this.#before ?? []) {
      if (entry === undefined) this.#overlay.delete(text);
      else this.#overlay.set(text, entry);
    }
  }

  /** A text that stands for the key and no other. */
  textOf(key: K): string {
    return keyText(key, this.#key);
  }

  *#committedEntries(): IterableIterator<[K, TimestampedValue<V>]> {
    this.#recallAll();
    for (const entry of this.#committed.values()) yield [entry.key, entry];
  }

  #committedRow(text: string, key: K): Entry<K, V> | undefined {
    const entry = this.#committed.get(text);
    return entry !== undefined || this.#restored === undefined ? entry : this.#recall(text, key);
  }

  /** Whether a row can be found by its key's bytes, and be read when it is asked for. */
  #mayStayBytes(buffer: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): boolean {
    if (this.#key.isCanonical !== true) return false;
    if (!this.#isChecked) return true;
    if (!isReadable(this.#key, buffer, keyStart, keyEnd)) return false;
    return valueStart < 0 || isReadable(this.#value, buffer, valueStart, valueEnd);
  }

  /** Takes a row of the changelog as bytes. */
  #keep(
    buffer: Buffer,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    timestampMs: number,
  ): void {
    if (this.#committed.size > 0) this.#committed.delete(this.textOf(this.#key.deserialize(buffer, keyStart, keyEnd)));
    if (valueStart < 0) {
      this.#restored?.delete(buffer, keyStart, keyEnd);
      return;
    }
    this.#restored ??= new RestoredRows();
    this.#restored.set(buffer, keyStart, keyEnd, valueStart, valueEnd, timestampMs);
  }

  /** A row that was restored, read now and kept as it is read. */
  #recall(text: string, key: K): Entry<K, V> | undefined {
    const bytes = this.#key.serialize(key);
    const row = this.#restored?.get(bytes, 0, bytes.length);
    if (row === undefined) return undefined;
    const entry = this.#read(row, key);
    this.#committed.set(text, entry);
    this.#dropRestored(bytes);
    return entry;
  }

  #dropRestored(keyBytes: Buffer): void {
    this.#restored?.delete(keyBytes, 0, keyBytes.length);
    if (this.#restored?.size === 0) this.#restored = undefined;
  }

  #recallAll(): void {
    for (const row of this.#restored?.rows() ?? []) {
      const key = this.#key.deserialize(row.buffer, row.keyStart, row.keyEnd);
      this.#committed.set(this.textOf(key), this.#read(row, key));
    }
    this.#restored = undefined;
  }

  #read({ buffer, valueStart, valueEnd, timestampMs }: RestoredRow, key: K): Entry<K, V> {
    try {
      return { key, value: this.#value.deserialize(buffer, valueStart, valueEnd), timestampMs };
    } catch (cause) {
      throw new TaskError(
        'MR_STORE_CORRUPT',
        `the store '${this.name}' holds a value that its serde cannot read (${describeError(cause)}): go back to the serde that wrote it, or delete the changelog and start over`,
        { cause },
      );
    }
  }
}
