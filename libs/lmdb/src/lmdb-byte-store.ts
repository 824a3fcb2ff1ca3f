import type { ByteRow, ByteScan, ByteStore } from '@millrace/streams';
import type { Database } from 'lmdb';

/** LMDB's own limit on pages of 4 KiB. */
const MAX_KEY_BYTES = 1_978;

/** The rows of one store: a database within the task's environment. */
export class LmdbByteStore implements ByteStore {
  readonly maxKeyBytes = MAX_KEY_BYTES;
  readonly database: Database<Buffer, Buffer>;

  constructor(database: Database<Buffer, Buffer>) {
    this.database = database;
  }

  get(key: Buffer): Buffer | undefined {
    return this.database.getBinaryFast(key);
  }

  scan({ from, to, limit, isReverse }: ByteScan): readonly ByteRow[] {
    if (from.compare(to) >= 0) return [];
    const rows: ByteRow[] = [];
    // A reverse range begins at its greatest key, which here is the end and exclusive: one row more may have to be left out.
    const range = isReverse
      ? { start: to, end: from, limit: limit + 1, reverse: true, inclusiveEnd: true }
      : { start: from, end: to, limit };
    for (const { key, value } of this.database.getRange(range)) {
      if (isReverse && key.equals(to)) continue;
      if (rows.length === limit) break;
      rows.push({ key, value });
    }
    return rows;
  }

  count(): number {
    return (this.database.getStats() as { readonly entryCount: number }).entryCount;
  }
}
