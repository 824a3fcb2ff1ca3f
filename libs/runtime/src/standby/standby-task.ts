import type { FetchedBatch } from '@millrace/client';
import type { Changelog, StoreSet } from '@millrace/streams';
import { partitionKey, type TaskPlacement, type TopicPartition } from '../assignment/task-layout.js';
import { StoreProgress } from '../restore/store-progress.js';
import { FetchedRun } from '../thread/fetched-run.js';

/** The stores of a task that is active elsewhere, kept up to date from their changelogs; nothing is processed. */
export class StandbyTask {
  readonly placement: TaskPlacement;
  readonly stores: StoreSet;
  readonly progress: StoreProgress;
  readonly #byPartition: ReadonlyMap<string, Changelog>;
  /** How far a table that is read from a topic may be followed: to the group's committed offset. */
  readonly #limits = new Map<string, number>();

  constructor(placement: TaskPlacement, stores: StoreSet) {
    this.placement = placement;
    this.stores = stores;
    this.progress = new StoreProgress(stores);
    this.#byPartition = new Map(
      stores.changelogs.map((changelog) => [partitionKey(changelog.topic, changelog.partition), changelog]),
    );
  }

  get key(): string {
    return this.placement.key;
  }

  /** Whether one of its changelogs is that partition. */
  follows({ topic, partition }: TopicPartition): boolean {
    return this.#byPartition.has(partitionKey(topic, partition));
  }

  /** Changelogs of which it has nothing, nor knows where they begin. */
  get unbegun(): readonly Changelog[] {
    return this.stores.changelogs.filter(({ store }) => this.stores.restorePosition(store) === undefined);
  }

  /** Inputs of tables, which are followed only as far as the group has committed. */
  get sources(): readonly Changelog[] {
    return this.stores.changelogs.filter(({ isSource }) => isSource);
  }

  /** The group has committed an offset of an input that a table is restored from. */
  allow(place: TopicPartition, offset: number): void {
    const changelog = this.#changelogOf(place);
    if (!changelog.isSource) return;
    this.#limits.set(changelog.store, offset);
    this.progress.sawEnd(changelog.store, offset);
  }

  /** What is to be read now, and from where. */
  places(): { readonly topic: string; readonly partition: number; readonly offset: number }[] {
    return this.stores.changelogs.flatMap((changelog) => {
      const { store, topic, partition } = changelog;
      const offset = this.stores.restorePosition(store);
      return offset === undefined || offset >= this.#limitOf(changelog) ? [] : [{ topic, partition, offset }];
    });
  }

  /** The changelog ends there, as last told by its broker. */
  sawEnd(place: TopicPartition, endOffset: number): void {
    const changelog = this.#changelogOf(place);
    if (!changelog.isSource) this.progress.sawEnd(changelog.store, endOffset);
  }

  /**
   * Takes records of a changelog if they go on where its store is.
   *
   * @returns whether reading goes on after them; otherwise {@link places} says where.
   */
  apply(batch: FetchedBatch): boolean {
    const changelog = this.#changelogOf(batch);
    if (batch.startOffset !== this.stores.restorePosition(changelog.store)) return false;
    const limit = this.#limitOf(changelog);
    this.stores.restore(changelog.store, new FetchedRun(batch, undefined, limit));
    return batch.nextOffset < limit;
  }

  #limitOf({ store, isSource }: Changelog): number {
    return isSource ? (this.#limits.get(store) ?? 0) : Infinity;
  }

  #changelogOf({ topic, partition }: TopicPartition): Changelog {
    return this.#byPartition.get(partitionKey(topic, partition)) as Changelog;
  }
}
