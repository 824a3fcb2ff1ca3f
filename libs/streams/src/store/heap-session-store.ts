import { settled } from '../serde/json/lazy-object.js';
import type { Serde } from '../serde/serde.js';
import { keyText } from './key-text.js';
import type { Windowed } from '../window/windowed.js';
import type { TimestampedValue } from './key-value-store.js';
import { sessionKeyBytes, sessionKeyEnd, sessionTimesOf } from './session-key.js';
import type { QueryIsolation, Queryable, ReadOnlySessionStore } from './read-only-stores.js';
import type { Session, SessionStore } from './session-store.js';
import { SortedTimes } from './sorted-times.js';
import type { ChangelogWriter } from './state-store.js';
import { ChangeLog } from './undo-log.js';

/** What a write has done, so that it can be undone. */
interface Change<K, V> {
  readonly text: string;
  readonly added: Session<K, V> | undefined;
  readonly removed: Session<K, V> | undefined;
}

/** A session store in the heap. The memory of a session that is gone is given back at the next commit. */
export class HeapSessionStore<K, V> implements SessionStore<K, V>, Queryable<ReadOnlySessionStore<K, V>> {
  readonly name: string;
  readonly #key: Serde<K>;
  readonly #value: Serde<V>;
  readonly #retentionMs: number;
  readonly #changelog: ChangelogWriter | undefined;
  /** By the key's text, in order of end and start. */
  readonly #byKey = new Map<string, Session<K, V>[]>();
  readonly #byEnd = new Map<number, Set<Session<K, V>>>();
  readonly #ends = new SortedTimes();
  /** What was written since the last commit. */
  readonly #written = new ChangeLog<Change<K, V>>(({ text, added, removed }) => {
    if (added !== undefined) this.#take(text, added);
    if (removed !== undefined) this.#insert(text, removed);
  });
  /** The latest end of a session, gone ones included; and what it was at the last commit. */
  #latestMs = -Infinity;
  #committedLatestMs = -Infinity;
  #latestMsBefore = this.#latestMs;

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

  find(key: K, earliestEndMs: number, latestStartMs: number): readonly Session<K, V>[] {
    // A session of exactly the retention's age is no longer found, as in Kafka Streams, but may still be emitted.
    const goneUpToMs = this.#latestMs - this.#retentionMs;
    const sessions = this.#byKey.get(this.textOf(key)) ?? [];
    return among(sessions, Math.max(earliestEndMs, goneUpToMs + 1), latestStartMs);
  }

  readOnly(isolation: QueryIsolation): ReadOnlySessionStore<K, V> {
    if (isolation === 'read_uncommitted') return this;
    return {
      find: (key, earliestEndMs, latestStartMs) => {
        const heldFromMs = this.#committedLatestMs - this.#retentionMs + 1;
        return among(this.#committedOf(this.textOf(key)), Math.max(earliestEndMs, heldFromMs), latestStartMs);
      },
    };
  }

  *endingIn(fromMs: number, toMs: number): IterableIterator<Session<K, V>> {
    for (const endMs of this.#ends.range(fromMs, toMs)) {
      yield* this.#byEnd.get(endMs) ?? [];
    }
  }

  latestEndMs(): number | undefined {
    return this.#ends.latestMs;
  }

  put(given: Session<K, V>): void {
    const session = { ...given, value: settled(given.value) };
    const text = this.textOf(session.key);
    const replaced = this.#same(text, session);
    if (replaced !== undefined) this.#take(text, replaced);
    this.#insert(text, session);
    this.#latestMs = Math.max(this.#latestMs, session.endMs);
    this.#written.push({ text, added: session, removed: replaced });
    this.#log(session, this.#value.serialize(session.value));
  }

  remove(session: Session<K, unknown>): void {
    const text = this.textOf(session.key);
    const found = this.#same(text, session);
    this.#latestMs = Math.max(this.#latestMs, session.endMs);
    this.#log(session, null);
    if (found === undefined) return;
    this.#take(text, found);
    this.#written.push({ text, added: undefined, removed: found });
  }

  *entries(): IterableIterator<[Windowed<K>, TimestampedValue<V>]> {
    for (const { key, startMs, endMs, value } of this.endingIn(-Infinity, Infinity)) {
      yield [
        { key, startMs, endMs },
        { value, timestampMs: endMs },
      ];
    }
  }

  restore(buffer: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    const { startMs, endMs } = sessionTimesOf(buffer, keyEnd);
    const key = this.#key.deserialize(buffer, keyStart, sessionKeyEnd(keyEnd));
    const text = this.textOf(key);
    const known = this.#same(text, { startMs, endMs });
    if (known !== undefined) this.#take(text, known);
    this.#latestMs = Math.max(this.#latestMs, endMs);
    this.#dropGone();
    if (valueStart < 0 || endMs < this.#latestMs - this.#retentionMs) return;
    this.#insert(text, { key, startMs, endMs, value: this.#value.deserialize(buffer, valueStart, valueEnd) });
  }

  commit(): void {
    this.#written.clear();
    this.#dropGone();
  }

  rollback(): void {
    this.#written.undoAll();
    this.#latestMs = this.#committedLatestMs;
  }

  beginRecord(): void {
    this.#written.mark();
    this.#latestMsBefore = this.#latestMs;
  }

  undoRecord(): void {
    this.#written.undoToMark();
    this.#latestMs = this.#latestMsBefore;
  }

  size(): number {
    let size = 0;
    for (const _session of this.endingIn(-Infinity, Infinity)) size++;
    return size;
  }

  textOf(key: K): string {
    return keyText(key, this.#key);
  }

  /** The sessions of a key without what was written since the last commit. */
  #committedOf(text: string): readonly Session<K, V>[] {
    let sessions = this.#byKey.get(text) ?? [];
    for (const change of this.#written.changes.toReversed()) {
      if (change.text !== text) continue;
      sessions = sessions.filter((session) => session !== change.added);
      if (change.removed !== undefined) insertInto(sessions, change.removed);
    }
    return sessions;
  }

  #same(
    text: string,
    { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
  ): Session<K, V> | undefined {
    return this.#byKey.get(text)?.find((each) => each.startMs === startMs && each.endMs === endMs);
  }

  #insert(text: string, session: Session<K, V>): void {
    let sessions = this.#byKey.get(text);
    if (sessions === undefined) this.#byKey.set(text, (sessions = []));
    insertInto(sessions, session);
    let ending = this.#byEnd.get(session.endMs);
    if (ending === undefined) {
      this.#byEnd.set(session.endMs, (ending = new Set()));
      this.#ends.add(session.endMs);
    }
    ending.add(session);
  }

  #take(text: string, session: Session<K, V>): void {
    const sessions = this.#byKey.get(text) ?? [];
    sessions.splice(sessions.indexOf(session), 1);
    if (sessions.length === 0) this.#byKey.delete(text);
    const ending = this.#byEnd.get(session.endMs);
    ending?.delete(session);
    if (ending?.size !== 0) return;
    this.#byEnd.delete(session.endMs);
    this.#ends.delete(session.endMs);
  }

  #dropGone(): void {
    this.#committedLatestMs = this.#latestMs;
    const goneBeforeMs = this.#latestMs - this.#retentionMs;
    const { earliestMs } = this.#ends;
    if (earliestMs === undefined || earliestMs >= goneBeforeMs) return;
    for (const endMs of this.#ends.range(-Infinity, goneBeforeMs - 1)) {
      for (const session of [...(this.#byEnd.get(endMs) ?? [])]) this.#take(this.textOf(session.key), session);
    }
  }

  #log({ key, startMs, endMs }: Session<K, unknown>, value: Buffer | null): void {
    this.#changelog?.append(sessionKeyBytes(this.#key.serialize(key), startMs, endMs), value, endMs);
  }
}

/** Puts a session in its place. */
function insertInto<K, V>(sessions: Session<K, V>[], session: Session<K, V>): void {
  let at = sessions.length;
  while (at > 0 && isAfter(sessions[at - 1] as Session<K, V>, session)) at--;
  sessions.splice(at, 0, session);
}

function among<K, V>(
  sessions: readonly Session<K, V>[],
  earliestEndMs: number,
  latestStartMs: number,
): readonly Session<K, V>[] {
  return sessions.filter(({ startMs, endMs }) => endMs >= earliestEndMs && startMs <= latestStartMs);
}

function isAfter(one: Session<unknown, unknown>, other: Session<unknown, unknown>): boolean {
  return one.endMs > other.endMs || (one.endMs === other.endMs && one.startMs > other.startMs);
}
