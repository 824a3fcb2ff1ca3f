import type { ChangelogWriter } from '../../store/state-store.js';
import { UndoLog } from '../../store/undo-log.js';
import { subscriptionSerde, type Subscription } from './subscription.js';
import { endOfForeignKey, subscriptionKey, type Subscribed, type SubscriptionStore } from './subscription-store.js';

/** Subscriptions in the heap. */
export class HeapSubscriptionStore implements SubscriptionStore {
  readonly name: string;
  readonly #changelog: ChangelogWriter | undefined;
  readonly #byForeignKey = new Map<string, Map<string, Subscribed>>();
  readonly #undo = new UndoLog();

  constructor(name: string, changelog?: ChangelogWriter) {
    this.name = name;
    this.#changelog = changelog;
  }

  of(foreignKey: Buffer): Iterable<Subscribed> {
    return this.#byForeignKey.get(foreignKey.toString('latin1'))?.values() ?? [];
  }

  put(foreignKey: Buffer, subscription: Subscription, timestampMs: number): void {
    this.#change(foreignKey, subscription.primaryKey, { subscription, timestampMs }, timestampMs);
  }

  delete(foreignKey: Buffer, primaryKey: Buffer, timestampMs: number): void {
    this.#change(foreignKey, primaryKey, undefined, timestampMs);
  }

  restore(
    buffer: Buffer,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    timestampMs: number,
  ): void {
    const foreignEnd = endOfForeignKey(buffer, keyStart);
    const foreign = buffer.toString('latin1', keyStart + 4, foreignEnd);
    const primary = buffer.toString('latin1', foreignEnd, keyEnd);
    if (valueStart < 0) this.#set(foreign, primary, undefined);
    else {
      const subscription = subscriptionSerde.deserialize(buffer, valueStart, valueEnd);
      this.#set(foreign, primary, { subscription, timestampMs });
    }
  }

  commit(): void {
    this.#undo.clear();
  }

  rollback(): void {
    this.#undo.undoAll();
  }

  beginRecord(): void {
    this.#undo.mark();
  }

  undoRecord(): void {
    this.#undo.undoToMark();
  }

  size(): number {
    let size = 0;
    for (const rows of this.#byForeignKey.values()) size += rows.size;
    return size;
  }

  #change(foreignKey: Buffer, primaryKey: Buffer, row: Subscribed | undefined, timestampMs: number): void {
    const foreign = foreignKey.toString('latin1');
    const primary = primaryKey.toString('latin1');
    const before = this.#byForeignKey.get(foreign)?.get(primary);
    if (before === undefined && row === undefined) return;
    this.#set(foreign, primary, row);
    this.#undo.push(() => this.#set(foreign, primary, before));
    const value = row === undefined ? null : subscriptionSerde.serialize(row.subscription);
    this.#changelog?.append(subscriptionKey(foreignKey, primaryKey), value, timestampMs);
  }

  #set(foreign: string, primary: string, row: Subscribed | undefined): void {
    let rows = this.#byForeignKey.get(foreign);
    if (row === undefined) {
      rows?.delete(primary);
      if (rows?.size === 0) this.#byForeignKey.delete(foreign);
      return;
    }
    if (rows === undefined) this.#byForeignKey.set(foreign, (rows = new Map<string, Subscribed>()));
    rows.set(primary, row);
  }
}
