/**
 * Keys of the rows that a store keeps as ordered bytes. The first byte says what a row is; times are 64 bits with their sign
 * turned, so that they sort, those before 1970 too; where a key comes before a time, its length comes before the key, so that no
 * key's rows mix with another's.
 */
import { writeInt64 } from '../int64-bytes.js';

const SIGN = 0x80;
const WORD = 4_294_967_296;

/** What a row is. */
export const RowKind = { meta: 0, row: 1, index: 2 } as const;

export type RowKind = (typeof RowKind)[keyof typeof RowKind];

/** The first and the latest time within reach of a scan. */
export const FIRST_MS = Number.MIN_SAFE_INTEGER;
export const LAST_MS = Number.MAX_SAFE_INTEGER;

/** The beginning of the rows of a kind; that of the next kind is their end. */
export function startOf(kind: number): Buffer {
  return Buffer.from([kind]);
}

/** Kind, then the key alone. */
export function plainKey(kind: RowKind, key: Buffer): Buffer {
  const written = Buffer.allocUnsafe(1 + key.length);
  written[0] = kind;
  key.copy(written, 1);
  return written;
}

/** Kind, the key with its length, then up to two numbers: what stands under a key, in order. */
export function keyFirst(kind: RowKind, key: Buffer, first?: number, second?: number): Buffer {
  const numbers = first === undefined ? 0 : second === undefined ? 1 : 2;
  const written = Buffer.allocUnsafe(5 + key.length + 8 * numbers);
  written[0] = kind;
  written.writeInt32BE(key.length, 1);
  key.copy(written, 5);
  if (first !== undefined) writeOrdered(written, 5 + key.length, first);
  if (second !== undefined) writeOrdered(written, 13 + key.length, second);
  return written;
}

/** Where the numbers of a {@link keyFirst} row begin; the key is before them, from byte 5. */
export function numbersAfterKey(row: Buffer): number {
  return 5 + row.readInt32BE(1);
}

/** Kind, a time, another number where there is one, then the key: what happened at a time, in order. */
export function timeFirst(kind: RowKind, ms: number, key: Buffer, second?: number): Buffer {
  const keyAt = second === undefined ? 9 : 17;
  const written = Buffer.allocUnsafe(keyAt + key.length);
  written[0] = kind;
  writeOrdered(written, 1, ms);
  if (second !== undefined) writeOrdered(written, 9, second);
  key.copy(written, keyAt);
  return written;
}

/** A bound of a scan as a time that rows can have: one before all of them, or after, is the first or the last. */
export function boundMs(ms: number): number {
  return Math.min(Math.max(FIRST_MS, ms), LAST_MS);
}

/** The beginning of the rows of a time. */
export function startOfTime(kind: RowKind, ms: number): Buffer {
  const written = Buffer.allocUnsafe(9);
  written[0] = kind;
  writeOrdered(written, 1, boundMs(ms));
  return written;
}

/** The time of a {@link timeFirst} row. */
export function timeOf(row: Buffer): number {
  return numberAt(row, 1);
}

/** The number within ±2^53 that stands at a place of a row. */
export function numberAt(row: Buffer, at: number): number {
  return ((row.readUInt32BE(at) ^ 0x80000000) | 0) * WORD + row.readUInt32BE(at + 4);
}

function writeOrdered(written: Buffer, at: number, value: number): void {
  writeInt64(written, at, value);
  written[at] = (written[at] as number) ^ SIGN;
}
