import { settled } from '../serde/json/lazy-object.js';
import type { Serde } from '../serde/serde.js';
import type { JoinRow, JoinStore } from './join-store.js';
import { keyText } from './key-text.js';
import type { ChangelogWriter } from './state-store.js';
import { sequenceOf, windowKeyBytes, windowKeyEnd, windowStartOf } from './window-key.js';

/** One side of a join, in the heap. */
export class HeapJoinStore<K, V> implements JoinStore<K, V> {
  readonly name: string;
  readonly #key: Serde<K>;
  readonly #value: Serde<V>;
  readonly #retentionMs: number;
  readonly #changelog: ChangelogWriter | undefined;
  readonly #rows = new Map<string, JoinRow<V>[]>();
  /** Rows of the open transaction, so that a rollback can take them out again. */
  #uncommitted: [string, JoinRow<V>][] = [];
  #sequence = 0;
  #size = 0;
  /** The latest time of a row of this side, gone ones included; and what it was at the last commit. */
  #latestMs = -Infinity;
  #committedLatestMs = -Infinity;
  #latestMsBefore = this.#latestMs;
  #uncommittedBefore = 0;
  #expiredUpToMs = -Infinity;

  constructor(
    name: string,
    serdes: { readonly key: Serde<K>; readonly value: Serde<V> },
    retentionMs: number,
    changelog?: ChangelogWriter,
  ) {
    this.name = name;
    this.#key = serdes.key;
    this.#value = serdes.value;
    this.#retentionMs = retentionMs;
    this.#changelog = changelog;
  }

  get value(): Serde<V> {
    return this.#value;
  }

  add(key: K, value: V, timestampMs: number, valueBytes?: Buffer): void {
    this.#latestMs = Math.max(this.#latestMs, timestampMs);
    if (timestampMs <= this.#latestMs - this.#retentionMs) return;
    const row = { timestampMs, sequence: this.#sequence++ & 0x7fffffff, value: settled(value) };
    const text = this.#text(key);
    this.#insert(text, row);
    this.#uncommitted.push([text, row]);
    this.#changelog?.append(
      windowKeyBytes(this.#key.serialize(key), timestampMs, row.sequence),
      valueBytes ?? this.#value.serialize(value),
      timestampMs,
    );
  }

  fetch(key: K, fromMs: number, toMs: number): readonly JoinRow<V>[] {
    const rows = this.#rows.get(this.#text(key));
    if (rows === undefined) return [];
    const first = Math.max(firstFrom(rows, fromMs), firstAfter(rows, this.#latestMs - this.#retentionMs));
    let last = first;
    while (last < rows.length && (rows[last] as JoinRow<V>).timestampMs <= toMs) last++;
    return rows.slice(first, last);
  }

  restore(buffer: Buffer, _keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    const key = this.#key.deserialize(buffer, _keyStart, windowKeyEnd(keyEnd));
    if (valueStart < 0) return;
    const sequence = sequenceOf(buffer, keyEnd);
    this.#sequence = Math.max(this.#sequence, sequence + 1);
    const value = this.#value.deserialize(buffer, valueStart, valueEnd);
    const timestampMs = windowStartOf(buffer, keyEnd);
    this.#latestMs = this.#committedLatestMs = Math.max(this.#latestMs, timestampMs);
    if (timestampMs <= this.#latestMs - this.#retentionMs) return;
    this.#insert(this.#text(key), { timestampMs, sequence, value });
    this.#expire();
  }

  commit(): void {
    this.#uncommitted = [];
    this.#committedLatestMs = this.#latestMs;
    this.#expire();
  }

  rollback(): void {
    this.#removeFrom(0);
    this.#latestMs = this.#committedLatestMs;
  }

  beginRecord(): void {
    this.#uncommittedBefore = this.#uncommitted.length;
    this.#latestMsBefore = this.#latestMs;
  }

  undoRecord(): void {
    this.#removeFrom(this.#uncommittedBefore);
    this.#latestMs = this.#latestMsBefore;
  }

  size(): number {
    return this.#size;
  }

  /** Takes out the uncommitted rows from the nth on. */
  #removeFrom(nth: number): void {
    for (const [text, row] of this.#uncommitted.splice(nth)) {
      const rows = this.#rows.get(text);
      const at = rows?.indexOf(row) ?? -1;
      if (rows === undefined || at < 0) continue;
      rows.splice(at, 1);
      this.#size--;
    }
  }

  #insert(text: string, row: JoinRow<V>): void {
    const rows = this.#rows.get(text);
    this.#size++;
    if (rows === undefined) {
      this.#rows.set(text, [row]);
      return;
    }
    let at = rows.length;
    while (at > 0 && (rows[at - 1] as JoinRow<V>).timestampMs > row.timestampMs) at--;
    if (at === rows.length) rows.push(row);
    else rows.splice(at, 0, row);
  }

  /**
   * Lets rows go once a tenth of the retention has passed since the last time, so that it costs little a commit. Only after a
   * commit: a rollback may move this side's time back to rows that would be gone.
   */
  #expire(): void {
    const upToMs = this.#committedLatestMs - this.#retentionMs;
    if (upToMs - this.#expiredUpToMs < this.#retentionMs / 10) return;
    this.#expiredUpToMs = upToMs;
    for (const [text, rows] of this.#rows) {
      const gone = firstAfter(rows, upToMs);
      if (gone === 0) continue;
      this.#size -= gone;
      if (gone === rows.length) this.#rows.delete(text);
      else rows.splice(0, gone);
    }
  }

  #text(key: K): string {
    return keyText(key, this.#key);
  }
}

/** Index of the first row with a time of at least `fromMs`; rows are in order of time. */
function firstFrom(rows: readonly { readonly timestampMs: number }[], fromMs: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle] as { timestampMs: number }).timestampMs < fromMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the first row with a time above `ms`. */
function firstAfter(rows: readonly { readonly timestampMs: number }[], ms: number): number {
  return firstFrom(rows, ms + 1);
}
