import type { ByteChange, ByteRow, ByteScan, ByteStore } from '@millrace/streams';
import type { Database } from 'lmdb';
import { bucketOf, changedRows, isBucket, isLong, lmdbKeyOf, rowsOfBucket, shareBucket } from './long-keys.js';

/**
 * The rows of one store: a database within the task's environment. Keys may be of any length: long ones share rows of LMDB
 * (`long-keys.ts`).
 */
export class LmdbByteStore implements ByteStore {
  readonly maxKeyBytes = Infinity;
  readonly #database: Database<Buffer, Buffer>;
  readonly #meta: Database<Buffer, Buffer>;
  /** How many more rows there are than LMDB counts, as buckets hold several. */
  readonly #surplusKey: Buffer;

  constructor(name: string, database: Database<Buffer, Buffer>, meta: Database<Buffer, Buffer>) {
    this.#database = database;
    this.#meta = meta;
    this.#surplusKey = Buffer.from(`surplus/${name}`);
  }

  get(key: Buffer): Buffer | undefined {
    if (!isLong(key)) return this.#database.getBinaryFast(key);
    return this.#rowsOf(lmdbKeyOf(key)).find((row) => row.key.equals(key))?.value;
  }

  scan({ from, to, limit, isReverse }: ByteScan): readonly ByteRow[] {
    if (from.compare(to) >= 0) return [];
    const rows: ByteRow[] = [];
    // Both ends may be buckets of which some rows are meant, so that they are looked through; the end proper is exclusive.
    const [first, last] = [lmdbKeyOf(from), lmdbKeyOf(to)];
    const range = isReverse
      ? { start: last, end: first, reverse: true, inclusiveEnd: true }
      : { start: first, end: last, inclusiveEnd: isLong(to) };
    for (const { key, value } of this.#database.getRange(range)) {
      if (!isBucket(key)) {
        if (isReverse && key.equals(to)) continue;
        rows.push({ key, value });
      } else {
        const within = rowsOfBucket(key, value).filter((row) => row.key.compare(from) >= 0 && row.key.compare(to) < 0);
        rows.push(...(isReverse ? within.reverse() : within));
      }
      if (rows.length >= limit) break;
    }
    return rows.length > limit ? rows.slice(0, limit) : rows;
  }

  count(): number {
    const { entryCount } = this.#database.getStats() as { readonly entryCount: number };
    return entryCount + this.#surplus();
  }

  /** Takes changes, in order of their keys, within the transaction that is open. */
  change(changes: readonly ByteChange[]): void {
    for (let at = 0; at < changes.length; at++) {
      const { key, value } = changes[at] as ByteChange;
      if (isLong(key)) {
        const first = at;
        while (at + 1 < changes.length && shareBucket(key, (changes[at + 1] as ByteChange).key)) at++;
        this.#changeBucket(lmdbKeyOf(key), changes.slice(first, at + 1));
      } else if (value === null) this.#database.removeSync(key);
      else this.#database.putSync(key, value);
    }
  }

  /** Deletes all rows, within the transaction that is open. */
  clear(): void {
    this.#database.clearSync();
    this.#meta.removeSync(this.#surplusKey);
  }

  #changeBucket(bucketKey: Buffer, changes: readonly ByteChange[]): void {
    const before = this.#rowsOf(bucketKey);
    const after = changedRows(before, changes);
    if (after.length > 0) this.#database.putSync(bucketKey, bucketOf(after));
    else if (before.length > 0) this.#database.removeSync(bucketKey);
    const surplus = Buffer.alloc(8);
    surplus.writeDoubleBE(this.#surplus() + Math.max(0, after.length - 1) - Math.max(0, before.length - 1));
    this.#meta.putSync(this.#surplusKey, surplus);
  }

  #rowsOf(bucketKey: Buffer): readonly ByteRow[] {
    const bucket = this.#database.getBinary(bucketKey);
    return bucket === undefined ? [] : rowsOfBucket(bucketKey, bucket);
  }

  #surplus(): number {
    return this.#meta.getBinary(this.#surplusKey)?.readDoubleBE() ?? 0;
  }
}
