import type { StateStore } from '../../store/state-store.js';
import type { Subscription } from './subscription.js';

/** A remembered row of the left table, with the time of the record that made it known. */
export interface Subscribed {
  readonly subscription: Subscription;
  readonly timestampMs: number;
}

/** Which rows of the left table refer to which of the right one: by foreign key, then by primary key. */
export interface SubscriptionStore extends StateStore {
  /** The rows that refer to a foreign key. */
  of(foreignKey: Buffer): Iterable<Subscribed>;
  put(foreignKey: Buffer, subscription: Subscription, timestampMs: number): void;
  delete(foreignKey: Buffer, primaryKey: Buffer, timestampMs: number): void;
}

/** The changelog key of a subscription: the foreign key's length (int32), the foreign key, the primary key. */
export function subscriptionKey(foreignKey: Buffer, primaryKey: Buffer): Buffer {
  const length = Buffer.allocUnsafe(4);
  length.writeInt32BE(foreignKey.length, 0);
  return Buffer.concat([length, foreignKey, primaryKey]);
}

/** Where the primary key begins in the changelog key of a subscription that starts at `start`. */
export function endOfForeignKey(buffer: Buffer, start: number): number {
  return start + 4 + buffer.readInt32BE(start);
}
