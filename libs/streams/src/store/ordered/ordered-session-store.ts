import type { Serde } from '../../serde/serde.js';
import type { Windowed } from '../../window/windowed.js';
import type { PendingRows } from '../engine/pending-rows.js';
import { keyText } from '../key-text.js';
import type { TimestampedValue } from '../key-value-store.js';
import type { PersistentStore } from '../persistent-store.js';
import type { QueryIsolation, Queryable, ReadOnlySessionStore } from '../read-only-stores.js';
import { sessionKeyBytes, sessionKeyEnd, sessionTimesOf } from '../session-key.js';
import type { Session, SessionStore } from '../session-store.js';
import type { ChangelogWriter } from '../state-store.js';
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

const NOTHING = Buffer.alloc(0);
const INDEX_FIRST = startOf(RowKind.index);
const INDEX_END = startOf(RowKind.index + 1);

/** A session store outside the heap. Rows sort by key, end and start; an index by end, start and key finds what closes and what leaves. */
export class OrderedSessionStore<K, V>
  implements SessionStore<K, V>, PersistentStore, Queryable<ReadOnlySessionStore<K, V>>
{
  readonly name: string;
  readonly rows: PendingRows;
  readonly #key: Serde<K>;
  readonly #value: Serde<V>;
  readonly #retentionMs: number;
  readonly #changelog: ChangelogWriter | undefined;
  /** The latest end of a session, gone ones included. */
  readonly #times: StoreTimes;

  constructor(
    name: string,
    serdes: { readonly key: Serde<K>; readonly value: Serde<V> },
    retentionMs: number,
    rows: PendingRows,
    changelog?: ChangelogWriter,
  ) {
    this.name = name;
    this.rows = rows;
    this.#key = serdes.key;
    this.#value = serdes.value;
    this.#retentionMs = retentionMs;
    this.#changelog = changelog;
    this.#times = new StoreTimes(rows);
  }

  find(key: K, earliestEndMs: number, latestStartMs: number): readonly Session<K, V>[] {
    const keyBytes = this.#key.serialize(key);
    // A session of exactly the retention's age is no longer found, as in Kafka Streams, but may still be emitted.
    const fromMs = boundMs(Math.max(earliestEndMs, this.#times.latestMs - this.#retentionMs + 1));
    const found: Session<K, V>[] = [];
    const to = keyFirst(RowKind.row, keyBytes, LAST_MS);
    for (const row of this.rows.scan(keyFirst(RowKind.row, keyBytes, fromMs), to)) {
      const at = numbersAfterKey(row.key);
      const [endMs, startMs] = [numberAt(row.key, at), numberAt(row.key, at + 8)];
      if (startMs > latestStartMs) continue;
      found.push({ key, startMs, endMs, value: this.#value.deserialize(row.value, 0, row.value.length) });
    }
    return found;
  }

  readOnly(isolation: QueryIsolation): ReadOnlySessionStore<K, V> {
    if (isolation === 'read_uncommitted') return this;
    const serdes = { key: this.#key, value: this.#value };
    return new OrderedSessionStore(this.name, serdes, this.#retentionMs, this.rows.committed());
  }

  *endingIn(fromMs: number, toMs: number): IterableIterator<Session<K, V>> {
    const heldFromMs = this.#times.committedLatestMs - this.#retentionMs;
    const from = startOfTime(RowKind.index, Math.max(fromMs, heldFromMs));
    for (const { key: entry } of this.rows.scan(from, startOfTime(RowKind.index, toMs + 1))) {
      const [endMs, startMs] = [timeOf(entry), numberAt(entry, 9)];
      const value = this.rows.get(keyFirst(RowKind.row, entry.subarray(17), endMs, startMs));
      if (value === undefined) continue;
      const key = this.#key.deserialize(entry, 17, entry.length);
      yield { key, startMs, endMs, value: this.#value.deserialize(value, 0, value.length) };
    }
  }

  latestEndMs(): number | undefined {
    const latest = this.rows.last(INDEX_FIRST, INDEX_END);
    return latest === undefined ? undefined : timeOf(latest.key);
  }

  put(session: Session<K, V>): void {
    this.#change(session, this.#value.serialize(session.value));
  }

  remove(session: Session<K, unknown>): void {
    this.#change(session, null);
  }

  *entries(): IterableIterator<[Windowed<K>, TimestampedValue<V>]> {
    for (const { key, startMs, endMs, value } of this.endingIn(FIRST_MS, LAST_MS)) {
      yield [
        { key, startMs, endMs },
        { value, timestampMs: endMs },
      ];
    }
  }

  restore(buffer: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    const { startMs, endMs } = sessionTimesOf(buffer, keyEnd);
    this.#times.observe(endMs);
    const isGone = endMs < this.#times.latestMs - this.#retentionMs;
    const value = valueStart < 0 || isGone ? null : Buffer.from(buffer.subarray(valueStart, valueEnd));
    this.#set(buffer.subarray(keyStart, sessionKeyEnd(keyEnd)), startMs, endMs, value);
  }

  commit(): void {
    const goneBefore = startOfTime(RowKind.index, this.#times.latestMs - this.#retentionMs);
    for (const { key: entry } of this.rows.leaving(INDEX_FIRST, goneBefore)) {
      this.#set(entry.subarray(17), numberAt(entry, 9), timeOf(entry), null);
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
    for (const _entry of this.rows.scan(INDEX_FIRST, INDEX_END)) size++;
    return size;
  }

  textOf(key: K): string {
    return keyText(key, this.#key);
  }

  #change({ key, startMs, endMs }: Session<K, unknown>, value: Buffer | null): void {
    const keyBytes = this.#key.serialize(key);
    this.#times.observe(endMs);
    this.#set(keyBytes, startMs, endMs, value);
    this.#changelog?.append(sessionKeyBytes(keyBytes, startMs, endMs), value, endMs);
  }

  #set(key: Buffer, startMs: number, endMs: number, value: Buffer | null): void {
    this.rows.put(keyFirst(RowKind.row, key, endMs, startMs), value);
    this.rows.put(timeFirst(RowKind.index, endMs, key, startMs), value === null ? null : NOTHING);
  }
}
