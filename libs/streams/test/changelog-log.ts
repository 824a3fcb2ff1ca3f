import type { Serde } from '../src/serde/serde.js';
import type { ChangelogWriter, StateStore } from '../src/store/state-store.js';

interface LoggedRecord {
  readonly key: Buffer;
  readonly value: Buffer | null;
  readonly timestampMs: number;
}

/** A changelog in memory with transactions: what is appended counts once it is committed. */
export class ChangelogLog implements ChangelogWriter {
  readonly #committed: LoggedRecord[] = [];
  #pending: LoggedRecord[] = [];

  append(key: Buffer, value: Buffer | null, timestampMs: number): void {
    this.#pending.push({ key: Buffer.from(key), value: value === null ? null : Buffer.from(value), timestampMs });
  }

  write<V>(keyBytes: Buffer, keyEnd: number, serde: Serde<V>, value: V | null, timestampMs: number): void {
    this.append(keyBytes.subarray(0, keyEnd), value === null ? null : serde.serialize(value), timestampMs);
  }

  get length(): number {
    return this.#committed.length;
  }

  commit(): void {
    this.#committed.push(...this.#pending);
    this.#pending = [];
  }

  rollback(): void {
    this.#pending = [];
  }

  /** Restores a new store from everything that is committed; `isCompacted` leaves only the last record of each key. */
  restoreInto(store: StateStore, isCompacted = false): void {
    const last = new Map(this.#committed.map((record, index) => [record.key.toString('latin1'), index]));
    for (const [index, { key, value, timestampMs }] of this.#committed.entries()) {
      if (isCompacted && last.get(key.toString('latin1')) !== index) continue;
      const buffer = Buffer.concat([Buffer.from([0]), key, value ?? Buffer.alloc(0)]);
      const keyEnd = 1 + key.length;
      store.restore(buffer, 1, keyEnd, value === null ? -1 : keyEnd, value === null ? -1 : buffer.length, timestampMs);
    }
  }
}
