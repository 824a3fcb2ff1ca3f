import type { Serde } from '../serde/serde.js';
import type { TimestampedValue } from './key-value-store.js';
import type { ChangelogWriter, StateStore } from './state-store.js';
import { windowKeyBytes, windowKeyEnd, windowStartOf } from './window-key.js';

interface Row<K, V> extends TimestampedValue<V> {
  readonly key: K;
}

/** One value a key and window, in the heap; windows leave when stream time has passed their retention. */
export class HeapWindowStore<K, V> implements StateStore {
  readonly name: string;
  readonly #key: Serde<K>;
  readonly #value: Serde<V>;
  readonly #retentionMs: number;
  readonly #changelog: ChangelogWriter | undefined;
  readonly #committed = new Map<number, Map<string, Row<K, V>>>();
  #overlay = new Map<number, Map<string, Row<K, V>>>();
  #expiredBeforeMs = -Infinity;

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

  get(key: K, startMs: number): TimestampedValue<V> | undefined {
    const text = this.textOf(key);
    return this.#overlay.get(startMs)?.get(text) ?? this.#committed.get(startMs)?.get(text);
  }

  /** Sets a window's value; `isLogged` false leaves the changelog to a later {@link log}. */
  put(key: K, startMs: number, value: V, timestampMs: number, isLogged = true): void {
    let rows = this.#overlay.get(startMs);
    if (rows === undefined) this.#overlay.set(startMs, (rows = new Map<string, Row<K, V>>()));
    rows.set(this.textOf(key), { key, value, timestampMs });
    if (isLogged) this.log(key, startMs, value, timestampMs);
  }

  /** Writes a window's value to the changelog. */
  log(key: K, startMs: number, value: V, timestampMs: number): void {
    this.#changelog?.append(
      windowKeyBytes(this.#key.serialize(key), startMs, 0),
      this.#value.serialize(value),
      timestampMs,
    );
  }

  /** Drops the windows whose retention has passed at `streamTimeMs`. */
  expire(streamTimeMs: number): void {
    const beforeMs = streamTimeMs - this.#retentionMs;
    if (beforeMs <= this.#expiredBeforeMs) return;
    this.#expiredBeforeMs = beforeMs;
    for (const startMs of this.#committed.keys()) if (startMs < beforeMs) this.#committed.delete(startMs);
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
    const key = this.#key.deserialize(buffer, keyStart, windowKeyEnd(keyEnd));
    let rows = this.#committed.get(startMs);
    if (rows === undefined) this.#committed.set(startMs, (rows = new Map<string, Row<K, V>>()));
    if (valueStart < 0) rows.delete(this.textOf(key));
    else rows.set(this.textOf(key), { key, value: this.#value.deserialize(buffer, valueStart, valueEnd), timestampMs });
  }

  commit(): void {
    for (const [startMs, rows] of this.#overlay) {
      if (startMs < this.#expiredBeforeMs) continue;
      const committed = this.#committed.get(startMs);
      if (committed === undefined) this.#committed.set(startMs, rows);
      else for (const [text, row] of rows) committed.set(text, row);
    }
    this.#overlay = new Map();
  }

  rollback(): void {
    this.#overlay = new Map();
  }

  size(): number {
    let size = 0;
    for (const rows of this.#committed.values()) size += rows.size;
    for (const [startMs, rows] of this.#overlay) {
      for (const text of rows.keys()) if (this.#committed.get(startMs)?.has(text) !== true) size++;
    }
    return size;
  }

  /** A text that stands for the key and no other. */
  textOf(key: K): string {
    return typeof key === 'string' ? key : this.#key.serialize(key).toString('latin1');
  }
}
