import type { Serde } from '../serde/serde.js';

/** Where a store writes its changes; the runtime encodes them into the growing batch of the changelog's partition. */
export interface ChangelogWriter {
  append(key: Buffer, value: Buffer | null, timestampMs: number): void;
  /**
   * As {@link append}, for a key that is `keyBytes[0, keyEnd)` and a value that its serde writes, where it can, straight into the
   * batch. Everything is taken before it returns. Throws as the serde.
   */
  write<V>(keyBytes: Buffer, keyEnd: number, serde: Serde<V>, value: V | null, timestampMs: number): void;
}

/**
 * The state of one operator of one task.
 *
 * Writes stay in an overlay until {@link commit}: the transaction that carries the changelog, the output and the offsets
 * is through. {@link rollback} forgets them.
 */
export interface StateStore {
  readonly name: string;
  /** Takes one record of the changelog, in order; before the first write. `value` is undefined for a tombstone. */
  restore(
    buffer: Buffer,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    timestampMs: number,
  ): void;
  commit(): void;
  rollback(): void;
  /** A record begins: what is written from here on can be taken back by {@link undoRecord}. Called only where a task asks for that. */
  beginRecord(): void;
  /** Forgets what was written since {@link beginRecord}, as if the record had not been there. */
  undoRecord(): void;
  /** Entries that are committed or in the overlay. */
  size(): number;
}

/** What a store of one's own is made with. */
export interface CustomStoreEnvironment {
  /** Takes every change, so that a restart can restore it; undefined where the store is not logged. */
  readonly changelog: ChangelogWriter | undefined;
  /** Timestamp of the record that is being processed, in milliseconds. */
  readonly recordTimeMs: () => number;
}
