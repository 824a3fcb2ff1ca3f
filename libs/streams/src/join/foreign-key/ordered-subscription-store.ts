import type { PendingRows } from '../../store/engine/pending-rows.js';
import { endOfPrefix } from '../../store/engine/prefix-end.js';
import { RowKind, keyFirst, plainKey } from '../../store/ordered/row-keys.js';
import {
  readTimestamped,
  timestampedBytes,
  timestampedRange,
  valueBytesOf,
} from '../../store/ordered/timestamped-bytes.js';
import type { PersistentStore } from '../../store/persistent-store.js';
import type { ChangelogWriter } from '../../store/state-store.js';
import { subscriptionKey, type Subscribed, type SubscriptionStore } from './subscription-store.js';
import { subscriptionSerde, type Subscription } from './subscription.js';

/** Subscriptions outside the heap: rows sort by foreign key, then by primary key, as in the changelog. */
export class OrderedSubscriptionStore implements SubscriptionStore, PersistentStore {
  readonly name: string;
  readonly rows: PendingRows;
  readonly #changelog: ChangelogWriter | undefined;

  constructor(name: string, rows: PendingRows, changelog?: ChangelogWriter) {
    this.name = name;
    this.rows = rows;
    this.#changelog = changelog;
  }

  *of(foreignKey: Buffer): IterableIterator<Subscribed> {
    const first = keyFirst(RowKind.row, foreignKey);
    for (const { value } of this.rows.scan(first, endOfPrefix(first))) {
      const { value: subscription, timestampMs } = readTimestamped(value, subscriptionSerde);
      yield { subscription, timestampMs };
    }
  }

  put(foreignKey: Buffer, subscription: Subscription, timestampMs: number): void {
    const key = subscriptionKey(foreignKey, subscription.primaryKey);
    const row = timestampedBytes(subscription, timestampMs, subscriptionSerde);
    this.rows.put(plainKey(RowKind.row, key), row);
    this.#changelog?.append(key, valueBytesOf(row), timestampMs);
  }

  delete(foreignKey: Buffer, primaryKey: Buffer, timestampMs: number): void {
    const key = subscriptionKey(foreignKey, primaryKey);
    const row = plainKey(RowKind.row, key);
    if (this.rows.get(row) === undefined) return;
    this.rows.put(row, null);
    this.#changelog?.append(key, null, timestampMs);
  }

  restore(
    buffer: Buffer,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    timestampMs: number,
  ): void {
    const row = valueStart < 0 ? null : timestampedRange(buffer, valueStart, valueEnd, timestampMs);
    this.rows.put(plainKey(RowKind.row, buffer.subarray(keyStart, keyEnd)), row);
  }

  commit(): void {}

  rollback(): void {
    this.rows.clear();
  }

  beginRecord(): void {
    this.rows.beginRecord();
  }

  undoRecord(): void {
    this.rows.undoRecord();
  }

  reset(): void {
    this.rows.clear();
  }

  size(): number {
    return this.rows.count();
  }
}
