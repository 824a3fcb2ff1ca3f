import { settled } from '../serde/json/lazy-object.js';
import type { Serde } from '../serde/serde.js';
import { keyText } from './key-text.js';
import { SortedTimes } from './sorted-times.js';
import type { ChangelogWriter, StateStore } from './state-store.js';
import { sequenceOf, windowKeyBytes, windowKeyEnd, windowStartOf } from './window-key.js';
import { UndoLog } from './undo-log.js';

/** A record that waits for its time. */
export interface HeldRecord<K, V> {
  readonly key: K;
  readonly value: V;
  readonly timestampMs: number;
  readonly sequence: number;
  /** As in a record batch. */
  readonly headers: Buffer;
}

/** Records in order of their time, until stream time lets them go. All records of a key are kept. */
export class HeapTimeBuffer<K, V> implements StateStore {
  readonly name: string;
  readonly #key: Serde<K>;
  readonly #value: Serde<V>;
  readonly #changelog: ChangelogWriter | undefined;
  readonly #byTime = new Map<number, HeldRecord<K, V>[]>();
  readonly #times = new SortedTimes();
  readonly #undo = new UndoLog();
  #sequence = 0;

  constructor(name: string, serdes: { readonly key: Serde<K>; readonly value: Serde<V> }, changelog?: ChangelogWriter) {
    this.name = name;
    this.#key = serdes.key;
    this.#value = serdes.value;
    this.#changelog = changelog;
  }

  /** The latest time of a record that is held; undefined when none is. */
  latestHeldMs(): number | undefined {
    return this.#times.latestMs;
  }

  put(key: K, value: V, timestampMs: number, headers: Buffer): void {
    const record = { key, value: settled(value), timestampMs, sequence: this.#sequence++ & 0x7fffffff, headers };
    this.#insert(record);
    this.#undo.push(() => this.#remove(record));
    this.#changelog?.append(this.#keyOf(record), this.#encode(value, headers), timestampMs);
  }

  /** Takes out and returns the records with a time of at most `toMs`, in order of time and arrival. */
  takeUpTo(toMs: number): readonly HeldRecord<K, V>[] {
    const { earliestMs } = this.#times;
    if (earliestMs === undefined || earliestMs > toMs) return [];
    const taken = this.#times.range(-Infinity, toMs).flatMap((ms) => this.#byTime.get(ms) ?? []);
    for (const record of taken) {
      this.#remove(record);
      this.#undo.push(() => this.#insert(record));
      this.#changelog?.append(this.#keyOf(record), null, record.timestampMs);
    }
    return taken;
  }

  restore(buffer: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    const timestampMs = windowStartOf(buffer, keyEnd);
    const sequence = sequenceOf(buffer, keyEnd);
    const key = this.#key.deserialize(buffer, keyStart, windowKeyEnd(keyEnd));
    this.#sequence = Math.max(this.#sequence, sequence + 1);
    const text = this.#text(key);
    const known = this.#byTime
      .get(timestampMs)
      ?.find((each) => each.sequence === sequence && this.#text(each.key) === text);
    if (known !== undefined) this.#remove(known);
    if (valueStart < 0) return;
    const headersLength = buffer.readInt32BE(valueStart);
    const headersEnd = valueStart + 4 + headersLength;
    const headers = Buffer.from(buffer.subarray(valueStart + 4, headersEnd));
    const value = this.#value.deserialize(buffer, headersEnd, valueEnd);
    this.#insert({ key, value, timestampMs, sequence, headers });
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
    for (const records of this.#byTime.values()) size += records.length;
    return size;
  }

  #insert(record: HeldRecord<K, V>): void {
    const records = this.#byTime.get(record.timestampMs);
    if (records !== undefined) {
      records.push(record);
      records.sort((one, other) => one.sequence - other.sequence);
      return;
    }
    this.#byTime.set(record.timestampMs, [record]);
    this.#times.add(record.timestampMs);
  }

  #remove(record: HeldRecord<K, V>): void {
    const records = this.#byTime.get(record.timestampMs) ?? [];
    records.splice(records.indexOf(record), 1);
    if (records.length > 0) return;
    this.#byTime.delete(record.timestampMs);
    this.#times.delete(record.timestampMs);
  }

  #keyOf({ key, timestampMs, sequence }: HeldRecord<K, V>): Buffer {
    return windowKeyBytes(this.#key.serialize(key), timestampMs, sequence);
  }

  /** The headers' length (int32), the headers, the value. */
  #encode(value: V, headers: Buffer): Buffer {
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(headers.length, 0);
    return Buffer.concat([length, headers, this.#value.serialize(value)]);
  }

  #text(key: K): string {
    return keyText(key, this.#key);
  }
}
