import { settled } from '../serde/json/lazy-object.js';
import type { Serde } from '../serde/serde.js';
import { inKeyOrder } from './key-order.js';
import { keyText } from './key-text.js';
import type { TimestampedValue } from './key-value-store.js';
import type { QueryIsolation, Queryable, ReadOnlyVersionedStore } from './read-only-stores.js';
import type { ChangelogWriter } from './state-store.js';
import type { PutOutcome, TableStore } from './table-store.js';
import { ChangeLog } from './undo-log.js';

/** A version of a key's value: it holds from its time until that of the next. A null value is a deletion. */
interface Version<V> {
  readonly timestampMs: number;
  readonly value: V | null;
}

interface Versions<K, V> {
  readonly key: K;
  /** In order of time; not empty. */
  readonly versions: Version<V>[];
}

/** What a write has done, so that it can be undone. */
interface Change<V> {
  readonly text: string;
  readonly added: Version<V>;
  readonly replaced: Version<V> | undefined;
}

/**
 * Key-value rows with their history (KIP-889): what a key's value was at any time within `historyMs` of the latest write. The
 * latest version of a key never leaves. A write older than the history is refused.
 */
export class HeapVersionedStore<K, V> implements TableStore, Queryable<ReadOnlyVersionedStore<K, V>> {
  readonly name: string;
  readonly #key: Serde<K>;
  readonly #value: Serde<V>;
  readonly #historyMs: number;
  readonly #changelog: ChangelogWriter | undefined;
  readonly #rows = new Map<string, Versions<K, V>>();
  /** What was written since the last commit. */
  readonly #written = new ChangeLog<Change<V>>((change) => {
    const versions = this.#rows.get(change.text)?.versions ?? [];
    undo(versions, change);
    if (versions.length === 0) this.#rows.delete(change.text);
  });
  #latestMs = -Infinity;
  #committedLatestMs = -Infinity;
  #latestMsBefore = this.#latestMs;
  #prunedUpToMs = -Infinity;

  constructor(
    name: string,
    serdes: { readonly key: Serde<K>; readonly value: Serde<V> },
    historyMs: number,
    changelog?: ChangelogWriter,
  ) {
    this.name = name;
    this.#key = serdes.key;
    this.#value = serdes.value;
    this.#historyMs = historyMs;
    this.#changelog = changelog;
  }

  row(key: K): TimestampedValue<V> | undefined {
    return shown(this.#rows.get(this.textOf(key))?.versions.at(-1));
  }

  rowAsOf(key: K, timestampMs: number): TimestampedValue<V> | undefined {
    const versions = this.#rows.get(this.textOf(key))?.versions ?? [];
    return shownAsOf(versions, timestampMs, this.#latestMs - this.#historyMs);
  }

  readOnly(isolation: QueryIsolation): ReadOnlyVersionedStore<K, V> {
    const isCommitted = isolation === 'read_committed';
    const versionsOf = (key: K): readonly Version<V>[] => this.#committedOf(this.textOf(key), this.#written.changes);
    return {
      row: (key) => (isCommitted ? shown(versionsOf(key).at(-1)) : this.row(key)),
      rowAsOf: (key, timestampMs) =>
        isCommitted
          ? shownAsOf(versionsOf(key), timestampMs, this.#committedLatestMs - this.#historyMs)
          : this.rowAsOf(key, timestampMs),
      range: (from, to) => inKeyOrder(isCommitted ? this.#committedEntries() : this.entries(), this.#key, from, to),
    };
  }

  put(key: K, value: V | null, timestampMs: number, isLogged = true): PutOutcome {
    if (timestampMs < this.#latestMs - this.#historyMs) return 'refused';
    const isLatest = this.#insert(this.textOf(key), key, { timestampMs, value: settled(value) }, true);
    if (isLogged) this.log(key, value, timestampMs);
    return isLatest ? 'latest' : 'older';
  }

  log(key: K, value: V | null, timestampMs: number): void {
    if (this.#changelog === undefined) return;
    this.#changelog.append(this.#key.serialize(key), value === null ? null : this.#value.serialize(value), timestampMs);
  }

  /** The latest versions, in no particular order. */
  *entries(): IterableIterator<[K, TimestampedValue<V>]> {
    for (const { key, versions } of this.#rows.values()) {
      const latest = shown(versions.at(-1));
      if (latest !== undefined) yield [key, latest];
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
    if (timestampMs < this.#latestMs - this.#historyMs) return;
    const key = this.#key.deserialize(buffer, keyStart, keyEnd);
    const value = valueStart < 0 ? null : this.#value.deserialize(buffer, valueStart, valueEnd);
    this.#insert(this.textOf(key), key, { timestampMs, value }, false);
    this.#committedLatestMs = this.#latestMs;
    this.#prune();
  }

  commit(): void {
    this.#written.clear();
    this.#committedLatestMs = this.#latestMs;
    this.#prune();
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
    for (const _entry of this.entries()) size++;
    return size;
  }

  textOf(key: K): string {
    return keyText(key, this.#key);
  }

  /** Inserts or replaces a version; tells whether it is the latest of its key. */
  #insert(text: string, key: K, version: Version<V>, canUndo: boolean): boolean {
    this.#latestMs = Math.max(this.#latestMs, version.timestampMs);
    const row = this.#rows.get(text);
    if (row === undefined) {
      this.#rows.set(text, { key, versions: [version] });
      if (canUndo) this.#written.push({ text, added: version, replaced: undefined });
      return true;
    }
    const { versions } = row;
    const at = lastUpTo(versions, version.timestampMs);
    const replaced = versions[at]?.timestampMs === version.timestampMs ? versions[at] : undefined;
    const place = replaced === undefined ? at + 1 : at;
    versions.splice(place, replaced === undefined ? 0 : 1, version);
    if (canUndo) this.#written.push({ text, added: version, replaced });
    return place === versions.length - 1;
  }

  /** The versions of a key without what `changes` say of it. */
  #committedOf(text: string, changes: readonly Change<V>[]): readonly Version<V>[] {
    const versions = [...(this.#rows.get(text)?.versions ?? [])];
    for (const change of changes.toReversed()) if (change.text === text) undo(versions, change);
    return versions;
  }

  *#committedEntries(): IterableIterator<[K, TimestampedValue<V>]> {
    const changes = Map.groupBy(this.#written.changes, ({ text }) => text);
    for (const [text, { key }] of this.#rows) {
      const latest = shown(this.#committedOf(text, changes.get(text) ?? []).at(-1));
      if (latest !== undefined) yield [key, latest];
    }
  }

  /**
   * Lets versions go that no time within the history shows, once a tenth of the history has passed since the last time. Only
   * after a commit, as a rollback brings versions back.
   */
  #prune(): void {
    const upToMs = this.#committedLatestMs - this.#historyMs;
    if (upToMs - this.#prunedUpToMs < this.#historyMs / 10) return;
    this.#prunedUpToMs = upToMs;
    for (const [text, { versions }] of this.#rows) {
      const first = lastUpTo(versions, upToMs);
      if (first > 0) versions.splice(0, first);
      const [only] = versions;
      if (versions.length === 1 && only?.value === null && only.timestampMs < upToMs) this.#rows.delete(text);
    }
  }
}

function undo<V>(versions: Version<V>[], { added, replaced }: Change<V>): void {
  versions.splice(versions.indexOf(added), 1, ...(replaced === undefined ? [] : [replaced]));
}

function shownAsOf<V>(
  versions: readonly Version<V>[],
  timestampMs: number,
  heldFromMs: number,
): TimestampedValue<V> | undefined {
  const at = lastUpTo(versions, timestampMs);
  return timestampMs < heldFromMs && at < versions.length - 1 ? undefined : shown(versions[at]);
}

function shown<V>(version: Version<V> | undefined): TimestampedValue<V> | undefined {
  return version === undefined || version.value === null ? undefined : (version as TimestampedValue<V>);
}

/** Index of the last version whose time is at most `ms`; -1 when there is none. */
function lastUpTo(versions: readonly { readonly timestampMs: number }[], ms: number): number {
  let at = versions.length - 1;
  while (at >= 0 && (versions[at] as { timestampMs: number }).timestampMs > ms) at--;
  return at;
}
