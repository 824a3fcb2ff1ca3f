/**
 * Committed offsets of all groups, and those that wait for a transaction to end.
 *
 * Invariants: a commit is durable before it is visible; offsets of a transaction become visible all at once when it
 * commits and vanish when it aborts; a later commit outside the transaction is not overwritten by it (as in Kafka).
 */
import type { Journal } from '../storage/journal.js';
import type { JournalEntry, OffsetRow } from '../storage/journal-entry.js';

interface StoredOffset {
  readonly row: OffsetRow;
  /** Rises with each commit, inside and outside of transactions. */
  readonly order: number;
}

type GroupOffsets = Map<string, StoredOffset>;

interface Pending {
  readonly producerEpoch: number;
  readonly offsets: GroupOffsets;
}

export class OffsetStore {
  readonly #committed = new Map<string, GroupOffsets>();
  /** By group, then by producer id. */
  readonly #pending = new Map<string, Map<number, Pending>>();
  #journal: Journal | undefined;
  #order = 0;

  open(journal: Journal): void {
    this.#journal = journal;
  }

  /** @throws {StorageError} (stop-app) when the offsets could not be made durable. */
  commit(groupId: string, offsets: readonly OffsetRow[]): void {
    if (offsets.length > 0) this.#write({ type: 'offsets', groupId, offsets });
  }

  /** Keeps offsets until the producer's transaction ends. @throws {StorageError} (stop-app) when not made durable. */
  commitInTransaction(groupId: string, producerId: number, producerEpoch: number, offsets: readonly OffsetRow[]): void {
    if (offsets.length > 0) this.#write({ type: 'pending-offsets', groupId, producerId, producerEpoch, offsets });
  }

  /** Makes a transaction's offsets visible or drops them; does nothing when there are none (any more). */
  endTransaction(groupId: string, producerId: number, committed: boolean): void {
    if (this.#pending.get(groupId)?.has(producerId) !== true) return;
    this.#write({ type: 'offsets-marker', groupId, producerId, committed });
  }

  get(groupId: string, topic: string, partition: number): OffsetRow | undefined {
    return this.#committed.get(groupId)?.get(keyOf(topic, partition))?.row;
  }

  all(groupId: string): OffsetRow[] {
    return [...(this.#committed.get(groupId)?.values() ?? [])].map((each) => each.row);
  }

  /** Whether a transaction is open that may change the offset (UNSTABLE_OFFSET_COMMIT). */
  isPending(groupId: string, topic: string, partition: number): boolean {
    const key = keyOf(topic, partition);
    for (const each of this.#pending.get(groupId)?.values() ?? []) if (each.offsets.has(key)) return true;
    return false;
  }

  groupIds(): string[] {
    return [...new Set([...this.#committed.keys(), ...this.#pending.keys()])];
  }

  /** Applies a fact to memory; facts of other kinds are ignored. */
  apply(entry: JournalEntry): void {
    if (entry.type === 'offsets') this.#store(entry.groupId, entry.offsets);
    else if (entry.type === 'pending-offsets') this.#storePending(entry);
    else if (entry.type === 'offsets-marker') this.#end(entry.groupId, entry.producerId, entry.committed);
    else if (entry.type === 'topic-deleted') this.forgetTopic(entry.name);
  }

  /** Forgets what was committed for a topic that is deleted. */
  forgetTopic(topic: string): void {
    const forget = (offsets: GroupOffsets): void => {
      for (const [key, { row }] of offsets) if (row[0] === topic) offsets.delete(key);
    };
    for (const offsets of this.#committed.values()) forget(offsets);
    for (const producers of this.#pending.values()) for (const each of producers.values()) forget(each.offsets);
  }

  /** All facts in the order of their commits, which decides between a transaction's offset and another one. */
  *snapshot(): Iterable<JournalEntry> {
    const facts: { order: number; entry: JournalEntry }[] = [];
    for (const [groupId, offsets] of this.#committed) {
      for (const { row, order } of offsets.values())
        facts.push({ order, entry: { type: 'offsets', groupId, offsets: [row] } });
    }
    for (const [groupId, producers] of this.#pending) {
      for (const [producerId, { producerEpoch, offsets }] of producers) {
        for (const { row, order } of offsets.values()) {
          facts.push({ order, entry: { type: 'pending-offsets', groupId, producerId, producerEpoch, offsets: [row] } });
        }
      }
    }
    for (const { entry } of facts.sort((a, b) => a.order - b.order)) yield entry;
  }

  #write(entry: JournalEntry): void {
    this.#journal?.append(entry);
    this.apply(entry);
  }

  #store(groupId: string, rows: readonly OffsetRow[]): void {
    const offsets = getOrAdd(this.#committed, groupId, () => new Map());
    for (const row of rows) offsets.set(keyOf(row[0], row[1]), { row, order: this.#order++ });
  }

  #storePending(entry: Extract<JournalEntry, { type: 'pending-offsets' }>): void {
    const { groupId, producerId, producerEpoch } = entry;
    const producers = getOrAdd(this.#pending, groupId, () => new Map<number, Pending>());
    const pending = getOrAdd(producers, producerId, () => ({ producerEpoch, offsets: new Map() }));
    for (const row of entry.offsets) pending.offsets.set(keyOf(row[0], row[1]), { row, order: this.#order++ });
  }

  #end(groupId: string, producerId: number, committed: boolean): void {
    const producers = this.#pending.get(groupId);
    const pending = producers?.get(producerId);
    if (producers === undefined || pending === undefined) return;
    producers.delete(producerId);
    if (producers.size === 0) this.#pending.delete(groupId);
    if (!committed) return;
    const offsets = getOrAdd(this.#committed, groupId, () => new Map<string, StoredOffset>());
    for (const [key, stored] of pending.offsets) {
      if ((offsets.get(key)?.order ?? -1) < stored.order) offsets.set(key, stored);
    }
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
