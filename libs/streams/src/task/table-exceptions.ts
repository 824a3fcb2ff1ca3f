import { isMillraceError } from '@millrace/kernel';
import type { Serde } from '../serde/serde.js';
import type { KeyValueStore } from '../store/key-value-store.js';
import type { TableStore } from '../store/table-store.js';

/** Time (float64), whether there is a value (1 byte), the value. */
const VALUE_AT = 9;

interface TableSerdes {
  readonly key: Serde<unknown>;
  readonly value: Serde<unknown>;
}

/**
 * The rows of a table that are not what its topic says, because a record failed and left no trace, or was tried again after a
 * later one. A table is restored from its topic; then these rows are put over it. Empty where nothing ever failed.
 */
export class TableExceptions {
  readonly #rows: KeyValueStore<Buffer, Buffer>;
  readonly #table: TableStore;
  readonly #serdes: TableSerdes;
  #isApplied = false;

  constructor(rows: KeyValueStore<Buffer, Buffer>, table: TableStore, serdes: TableSerdes) {
    this.#rows = rows;
    this.#table = table;
    this.#serdes = serdes;
  }

  /** The row stays as it is whatever its topic says. */
  keep(keyBytes: Buffer, timestampMs: number): void {
    const key = this.#readable(keyBytes);
    if (key === undefined) return;
    const row = this.#table.row(key);
    const value = row === undefined ? undefined : this.#serdes.value.serialize(row.value);
    const bytes = Buffer.alloc(VALUE_AT + (value?.length ?? 0));
    bytes.writeDoubleBE(row?.timestampMs ?? timestampMs, 0);
    bytes.writeUInt8(value === undefined ? 0 : 1, 8);
    value?.copy(bytes, VALUE_AT);
    try {
      this.#rows.put(keyBytes, bytes, timestampMs);
    } catch (cause) {
      // A key that no storage takes has no row here or in the table, and a restore passes over it.
      if (row !== undefined || !isMillraceError(cause) || cause.code !== 'MR_RECORD_TOO_LARGE') throw cause;
    }
  }

  /** The row is again what its topic says. */
  settle(keyBytes: Buffer, timestampMs: number): void {
    if (this.#rows.size() > 0 && this.#rows.get(keyBytes) !== undefined) this.#rows.put(keyBytes, null, timestampMs);
  }

  /** Puts the rows over the restored table; before its first record. */
  apply(): void {
    if (this.#isApplied) return;
    this.#isApplied = true;
    for (const [key, { value }] of this.#rows.entries()) {
      const row = Buffer.concat([key, value]);
      const valueStart = value.readUInt8(8) === 0 ? -1 : key.length + VALUE_AT;
      this.#table.restore(row, 0, key.length, valueStart, row.length, value.readDoubleBE(0));
    }
  }

  /** A key that its serde refuses has no row. */
  #readable(keyBytes: Buffer): unknown {
    try {
      return this.#serdes.key.deserialize(keyBytes, 0, keyBytes.length);
    } catch {
      return undefined;
    }
  }
}
