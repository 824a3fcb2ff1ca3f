/**
 * LMDB takes keys of up to 1,978 bytes. Longer ones share a row of LMDB with all others that begin with the same
 * {@link SHORT_KEY_BYTES} bytes: it stands where they belong among the short keys, and holds them in order, each with its value.
 *
 * ```
 * bucket key    the first 1,900 bytes, 0            one byte longer than any short key
 * bucket value  ( length of the rest : uint32, length of the value : uint32, rest of the key, value )+
 * ```
 */
import type { ByteChange, ByteRow } from '@millrace/streams';

/** The longest key that is one of LMDB's. */
export const SHORT_KEY_BYTES = 1_900;

const HEAD_BYTES = 8;

/** Whether a key goes into a bucket. */
export function isLong(key: Buffer): boolean {
  return key.length > SHORT_KEY_BYTES;
}

/** Whether a key of LMDB is that of a bucket. */
export function isBucket(lmdbKey: Buffer): boolean {
  return lmdbKey.length > SHORT_KEY_BYTES;
}

/** The key of LMDB under which a key is found. */
export function lmdbKeyOf(key: Buffer): Buffer {
  if (!isLong(key)) return key;
  const bucket = Buffer.alloc(SHORT_KEY_BYTES + 1);
  key.copy(bucket, 0, 0, SHORT_KEY_BYTES);
  return bucket;
}

/** Whether two long keys share a bucket. */
export function shareBucket(one: Buffer, other: Buffer): boolean {
  return isLong(one) && isLong(other) && one.compare(other, 0, SHORT_KEY_BYTES, 0, SHORT_KEY_BYTES) === 0;
}

/** The rows of a bucket, in order; their bytes are the caller's. */
export function rowsOfBucket(lmdbKey: Buffer, bucket: Buffer): ByteRow[] {
  const first = lmdbKey.subarray(0, SHORT_KEY_BYTES);
  const rows: ByteRow[] = [];
  for (let at = 0; at < bucket.length;) {
    const restEnd = at + HEAD_BYTES + bucket.readUInt32BE(at);
    const valueEnd = restEnd + bucket.readUInt32BE(at + 4);
    rows.push({
      key: Buffer.concat([first, bucket.subarray(at + HEAD_BYTES, restEnd)]),
      value: Buffer.from(bucket.subarray(restEnd, valueEnd)),
    });
    at = valueEnd;
  }
  return rows;
}

/** The rows of a bucket after changes to it, both in order of their keys. */
export function changedRows(rows: readonly ByteRow[], changes: readonly ByteChange[]): readonly ByteRow[] {
  const changed = new Map<string, ByteRow>(rows.map((row) => [row.key.toString('latin1'), row]));
  for (const { key, value } of changes) {
    if (value === null) changed.delete(key.toString('latin1'));
    else changed.set(key.toString('latin1'), { key, value });
  }
  return [...changed.values()].sort((one, other) => one.key.compare(other.key));
}

export function bucketOf(rows: readonly ByteRow[]): Buffer {
  return Buffer.concat(
    rows.flatMap(({ key, value }) => {
      const head = Buffer.allocUnsafe(HEAD_BYTES);
      head.writeUInt32BE(key.length - SHORT_KEY_BYTES, 0);
      head.writeUInt32BE(value.length, 4);
      return [head, key.subarray(SHORT_KEY_BYTES), value];
    }),
  );
}
