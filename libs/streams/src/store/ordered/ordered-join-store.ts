import type { Serde } from '../../serde/serde.js';
import type { PendingRows } from '../engine/pending-rows.js';
import type { JoinRow, JoinStore } from '../join-store.js';
import type { PersistentStore } from '../persistent-store.js';
import type { ChangelogWriter } from '../state-store.js';
import { sequenceOf, windowKeyBytes, windowKeyEnd, windowStartOf } from '../window-key.js';
import {
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

const NOTHING = Buffer.alloc(0);
const INDEX_FIRST = startOf(RowKind.index);

/** One side of a join outside the heap. Rows sort by key, time and sequence number; an index by time finds what leaves. */
export class OrderedJoinStore<K, V> implements JoinStore<K, V>, PersistentStore {
  readonly name: string;
  readonly value: Serde<V>;
  readonly rows: PendingRows;
  readonly #key: Serde<K>;
  readonly #retentionMs: number;
  readonly #changelog: ChangelogWriter | undefined;
  /** The latest time of a row of this side, gone ones included. */
  readonly #times: StoreTimes;

  constructor(
    name: string,
    serdes: { readonly key: Serde<K>; readonly value: Serde<V> },
    retentionMs: number,
    rows: PendingRows,
    changelog?: ChangelogWriter,
  ) {
    this.name = name;
    this.value = serdes.value;
    this.rows = rows;
    this.#key = serdes.key;
    this.#retentionMs = retentionMs;
    this.#changelog = changelog;
    this.#times = new StoreTimes(rows);
  }

  add(key: K, value: V, timestampMs: number, valueBytes?: Buffer): void {
    this.#times.observe(timestampMs);
    if (timestampMs < this.#firstHeldMs()) return;
    const sequence = this.#times.sequence++ & 0x7fffffff;
    const keyBytes = this.#key.serialize(key);
    const bytes = valueBytes ?? this.value.serialize(value);
    // Bytes that were handed in stand in a batch that is reused.
    this.#set(keyBytes, timestampMs, sequence, valueBytes === undefined ? bytes : Buffer.from(bytes));
    this.#changelog?.append(windowKeyBytes(keyBytes, timestampMs, sequence), bytes, timestampMs);
  }

  fetch(key: K, fromMs: number, toMs: number): readonly JoinRow<V>[] {
    const keyBytes = this.#key.serialize(key);
    const from = keyFirst(RowKind.row, keyBytes, boundMs(Math.max(fromMs, this.#firstHeldMs())));
    const to = keyFirst(RowKind.row, keyBytes, boundMs(toMs + 1));
    const found: JoinRow<V>[] = [];
    for (const row of this.rows.scan(from, to)) {
      const at = numbersAfterKey(row.key);
      found.push({
        timestampMs: numberAt(row.key, at),
        sequence: numberAt(row.key, at + 8),
        value: this.value.deserialize(row.value, 0, row.value.length),
      });
    }
    return found;
  }

  restore(buffer: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    if (valueStart < 0) return;
    const sequence = sequenceOf(buffer, keyEnd);
    const timestampMs = windowStartOf(buffer, keyEnd);
    this.#times.sequence = Math.max(this.#times.sequence, sequence + 1);
    this.#times.observe(timestampMs);
    if (timestampMs < this.#firstHeldMs()) return;
    const value = Buffer.from(buffer.subarray(valueStart, valueEnd));
    this.#set(buffer.subarray(keyStart, windowKeyEnd(keyEnd)), timestampMs, sequence, value);
  }

  commit(): void {
    const goneBefore = startOfTime(RowKind.index, this.#firstHeldMs());
    for (const { key: entry } of this.rows.leaving(INDEX_FIRST, goneBefore)) {
      this.#set(entry.subarray(17), timeOf(entry), numberAt(entry, 9), null);
    }
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
    for (const _entry of this.rows.scan(INDEX_FIRST, startOf(RowKind.index + 1))) size++;
    return size;
  }

  /** Rows before this time are gone. */
  #firstHeldMs(): number {
    return this.#times.latestMs - this.#retentionMs + 1;
  }

  #set(key: Buffer, timestampMs: number, sequence: number, value: Buffer | null): void {
    this.rows.put(keyFirst(RowKind.row, key, timestampMs, sequence), value);
    this.rows.put(timeFirst(RowKind.index, timestampMs, key, sequence), value === null ? null : NOTHING);
  }
}
