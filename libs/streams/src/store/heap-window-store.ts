import type { Serde } from '../serde/serde.js';
import type { Windowed } from '../window/windowed.js';
import type { TimestampedValue } from './key-value-store.js';
import type { ChangelogWriter, StateStore } from './state-store.js';
import { windowKeyBytes, windowKeyEnd, windowStartOf } from './window-key.js';

/** A null value stands for a deletion that is not committed yet. */
interface Row<K, V> extends TimestampedValue<V | null> {
  readonly key: K;
}

type RowsByWindow<K, V> = Map<number, Map<string, Row<K, V>>>;

/**
 * One value a key and window, in the heap. Windows leave when stream time has passed their retention: at the next commit, as
 * a rollback may turn stream time back.
 */
export class HeapWindowStore<K, V> implements StateStore {
  readonly name: string;
  readonly #key: Serde<K>;
  readonly #value: Serde<V>;
  readonly #windowSizeMs: number;
  readonly #retentionMs: number;
  readonly #changelog: ChangelogWriter | undefined;
  readonly #committed: RowsByWindow<K, V> = new Map();
  #overlay: RowsByWindow<K, V> = new Map();
  /** Windows that start before this are gone: as of now, and as of the last commit. */
  #goneBeforeMs = -Infinity;
  #committedGoneBeforeMs = -Infinity;
  /** The earliest window in `#committed`, or one before it. */
  #earliestMs = Infinity;

  constructor(
    name: string,
    serdes: { readonly key: Serde<K>; readonly value: Serde<V> },
    windows: { readonly windowSizeMs: number; readonly retentionMs: number },
    changelog?: ChangelogWriter,
  ) {
    this.name = name;
    this.#key = serdes.key;
    this.#value = serdes.value;
    this.#windowSizeMs = windows.windowSizeMs;
    this.#retentionMs = windows.retentionMs;
    this.#changelog = changelog;
  }

  get(key: K, startMs: number): TimestampedValue<V> | undefined {
    if (startMs < this.#goneBeforeMs) return undefined;
    const text = this.textOf(key);
    const row = this.#overlay.get(startMs)?.get(text) ?? this.#committed.get(startMs)?.get(text);
    return row === undefined || row.value === null ? undefined : (row as TimestampedValue<V>);
  }

  /** Sets or, with null, deletes a window's value; `isLogged` false leaves the changelog to a later {@link log}. */
  put(key: K, startMs: number, value: V | null, timestampMs: number, isLogged = true): void {
    rowsOf(this.#overlay, startMs).set(this.textOf(key), { key, value, timestampMs });
    if (isLogged) this.log(key, startMs, value, timestampMs);
  }

  /** Writes a window's value to the changelog. */
  log(key: K, startMs: number, value: V | null, timestampMs: number): void {
    this.#changelog?.append(
      windowKeyBytes(this.#key.serialize(key), startMs, 0),
      value === null ? null : this.#value.serialize(value),
      timestampMs,
    );
  }

  /** Lets go of the windows whose retention has passed at `streamTimeMs`. */
  expire(streamTimeMs: number): void {
    this.#goneBeforeMs = Math.max(this.#goneBeforeMs, streamTimeMs - this.#retentionMs);
  }

  /** All rows in no particular order. */
  *entries(): IterableIterator<[Windowed<K>, TimestampedValue<V>]> {
    for (const [startMs, text, row] of this.#rows()) {
      const isHidden = row.value === null || (this.#overlay.get(startMs)?.get(text) ?? row) !== row;
      const windowed = { key: row.key, startMs, endMs: startMs + this.#windowSizeMs };
      if (!isHidden) yield [windowed, row as TimestampedValue<V>];
    }
  }

  restore(
    buffer: Buffer,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    timestampMs: number,
  ): void {
    this.expire(timestampMs);
    this.#dropGone();
    const startMs = windowStartOf(buffer, keyEnd);
    if (startMs < this.#goneBeforeMs) return;
    const key = this.#key.deserialize(buffer, keyStart, windowKeyEnd(keyEnd));
    const value = valueStart < 0 ? null : this.#value.deserialize(buffer, valueStart, valueEnd);
    this.#take(startMs, this.textOf(key), { key, value, timestampMs });
  }

  commit(): void {
    this.#dropGone();
    for (const [startMs, rows] of this.#overlay) {
      if (startMs < this.#goneBeforeMs) continue;
      for (const [text, row] of rows) this.#take(startMs, text, row);
    }
    this.#overlay = new Map();
  }

  rollback(): void {
    this.#overlay = new Map();
    this.#goneBeforeMs = this.#committedGoneBeforeMs;
  }

  size(): number {
    let size = 0;
    for (const _entry of this.entries()) size++;
    return size;
  }

  /** A text that stands for the key and no other. */
  textOf(key: K): string {
    return typeof key === 'string' ? key : this.#key.serialize(key).toString('latin1');
  }

  *#rows(): IterableIterator<[number, string, Row<K, V>]> {
    for (const windows of [this.#committed, this.#overlay]) {
      for (const [startMs, rows] of windows) {
        if (startMs < this.#goneBeforeMs) continue;
        for (const [text, row] of rows) yield [startMs, text, row];
      }
    }
  }

  #take(startMs: number, text: string, row: Row<K, V>): void {
    if (row.value === null) {
      this.#committed.get(startMs)?.delete(text);
      return;
    }
    if (startMs < this.#earliestMs) this.#earliestMs = startMs;
    rowsOf(this.#committed, startMs).set(text, row);
  }

  #dropGone(): void {
    this.#committedGoneBeforeMs = this.#goneBeforeMs;
    if (this.#earliestMs >= this.#goneBeforeMs) return;
    this.#earliestMs = Infinity;
    for (const startMs of this.#committed.keys()) {
      if (startMs < this.#goneBeforeMs) this.#committed.delete(startMs);
      else if (startMs < this.#earliestMs) this.#earliestMs = startMs;
    }
  }
}

function rowsOf<K, V>(windows: RowsByWindow<K, V>, startMs: number): Map<string, Row<K, V>> {
  let rows = windows.get(startMs);
  if (rows === undefined) windows.set(startMs, (rows = new Map<string, Row<K, V>>()));
  return rows;
}
