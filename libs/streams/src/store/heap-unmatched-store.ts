import { settled } from '../serde/json/lazy-object.js';
import type { Serde } from '../serde/serde.js';
import { keyText } from './key-text.js';
import type { ChangelogWriter, StateStore } from './state-store.js';
import { SortedTimes } from './sorted-times.js';
import { sequenceOf, windowKeyBytes, windowKeyEnd, windowStartOf } from './window-key.js';
import { UndoLog } from './undo-log.js';

/** A left record that has met no right one yet. */
export interface UnmatchedRow<K, V> {
  readonly key: K;
  readonly value: V;
  readonly timestampMs: number;
  readonly sequence: number;
}

/**
 * Left records that wait for their join window to close, by time and key. A row leaves when it is matched or when its
 * window has closed.
 */
export class HeapUnmatchedStore<K, V> implements StateStore {
  readonly name: string;
  readonly #key: Serde<K>;
  readonly #value: Serde<V>;
  readonly #changelog: ChangelogWriter | undefined;
  readonly #byTime = new Map<number, Map<string, UnmatchedRow<K, V>[]>>();
  readonly #undo = new UndoLog();
  #sequence = 0;
  readonly #times = new SortedTimes();

  constructor(name: string, serdes: { readonly key: Serde<K>; readonly value: Serde<V> }, changelog?: ChangelogWriter) {
    this.name = name;
    this.#key = serdes.key;
    this.#value = serdes.value;
    this.#changelog = changelog;
  }

  add(key: K, value: V, timestampMs: number): void {
    const row = { key, value: settled(value), timestampMs, sequence: this.#sequence++ & 0x7fffffff };
    this.#insert(row);
    this.#undo.push(() => this.#take(row));
    this.#changelog?.append(this.#rowKey(row), this.#value.serialize(value), timestampMs);
  }

  /** Takes out the rows of a key and time: they have been matched. */
  matched(key: K, timestampMs: number): void {
    const rows = this.#byTime.get(timestampMs)?.get(this.#text(key));
    if (rows !== undefined) for (const row of [...rows]) this.#remove(row);
  }

  /** Takes out and returns the rows with a time below `beforeMs`, in order of time and arrival. */
  takeBefore(beforeMs: number): UnmatchedRow<K, V>[] {
    const { earliestMs } = this.#times;
    if (earliestMs === undefined || earliestMs >= beforeMs) return [];
    const due: UnmatchedRow<K, V>[] = [];
    for (const timestampMs of this.#times.range(-Infinity, beforeMs - 1)) {
      const keys = this.#byTime.get(timestampMs);
      if (keys === undefined) continue;
      const rows = [...keys.values()].flat();
      if (keys.size > 1) rows.sort((one, other) => one.sequence - other.sequence);
      for (const row of rows) this.#remove(row);
      due.push(...rows);
    }
    return due;
  }

  /** The latest time of a waiting row, or undefined when none waits. */
  latestMs(): number | undefined {
    return this.#times.latestMs;
  }

  /** The earliest time of a waiting row that is not before `ms`, or undefined when there is none. */
  firstFrom(ms: number): number | undefined {
    return this.#times.firstFrom(ms);
  }

  /** How many rows of a time wait. */
  countAt(timestampMs: number): number {
    let count = 0;
    for (const rows of this.#byTime.get(timestampMs)?.values() ?? []) count += rows.length;
    return count;
  }

  restore(buffer: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    const key = this.#key.deserialize(buffer, keyStart, windowKeyEnd(keyEnd));
    const timestampMs = windowStartOf(buffer, keyEnd);
    const sequence = sequenceOf(buffer, keyEnd);
    this.#sequence = Math.max(this.#sequence, sequence + 1);
    const held = this.#byTime
      .get(timestampMs)
      ?.get(this.#text(key))
      ?.find((row) => row.sequence === sequence);
    if (held !== undefined) this.#take(held);
    if (valueStart < 0) return;
    this.#insert({ key, value: this.#value.deserialize(buffer, valueStart, valueEnd), timestampMs, sequence });
  }

  commit(): void {
    this.#undo.clear();
  }

  rollback(): void {
    this.#undo.undoAll();
  }

  beginRecord(): void {
    this.#undo.mark();
  }

  undoRecord(): void {
    this.#undo.undoToMark();
  }

  size(): number {
    let size = 0;
    for (const keys of this.#byTime.values()) for (const rows of keys.values()) size += rows.length;
    return size;
  }

  #remove(row: UnmatchedRow<K, V>): void {
    this.#take(row);
    this.#undo.push(() => this.#insert(row));
    this.#changelog?.append(this.#rowKey(row), null, row.timestampMs);
  }

  #insert(row: UnmatchedRow<K, V>): void {
    let keys = this.#byTime.get(row.timestampMs);
    if (keys === undefined) {
      this.#byTime.set(row.timestampMs, (keys = new Map<string, UnmatchedRow<K, V>[]>()));
      this.#times.add(row.timestampMs);
    }
    const text = this.#text(row.key);
    const rows = keys.get(text);
    if (rows === undefined) keys.set(text, [row]);
    else rows.push(row);
  }

  #take(row: UnmatchedRow<K, V>): void {
    const keys = this.#byTime.get(row.timestampMs);
    const text = this.#text(row.key);
    const rest = keys?.get(text)?.filter((each) => each !== row) ?? [];
    if (rest.length > 0) keys?.set(text, rest);
    else keys?.delete(text);
    if (keys?.size !== 0) return;
    this.#byTime.delete(row.timestampMs);
    this.#times.delete(row.timestampMs);
  }

  #rowKey(row: UnmatchedRow<K, V>): Buffer {
    return windowKeyBytes(this.#key.serialize(row.key), row.timestampMs, row.sequence);
  }

  #text(key: K): string {
    return keyText(key, this.#key);
  }
}
