import { createHash } from 'node:crypto';
import type { Serde } from '../../serde/serde.js';

/** A join of two tables by a foreign key in the left one's rows. */
export interface ForeignKeyJoin {
  readonly isLeft: boolean;
  /** The right table's key that a left row refers to; null for none. */
  readonly foreignKey: (value: unknown, key: unknown) => unknown;
  readonly join: (left: unknown, right: unknown, key: unknown) => unknown;
  readonly leftKey: Serde<unknown>;
  readonly leftValue: Serde<unknown>;
  readonly rightKey: Serde<unknown>;
  readonly rightValue: Serde<unknown>;
  /** Whether the left, or the right, table keeps versions. */
  readonly isLeftVersioned: boolean;
  readonly isRightVersioned: boolean;
  /** Where the right side remembers who refers to it. */
  readonly subscriptionStore: string;
}

/** Stands for a left row's value on the way to the right table and back: 16 bytes of SHA-256; null for no value. */
export function digestOf(value: unknown, serde: Serde<unknown>): Buffer | null {
  if (value === null) return null;
  return createHash('sha256').update(serde.serialize(value)).digest().subarray(0, 16);
}
