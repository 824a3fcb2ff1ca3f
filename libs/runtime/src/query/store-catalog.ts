import { partitionForKey } from '@millrace/protocol';
import type { StoreSpec } from '@millrace/streams';
import type { ApplicationPlan, PlannedSubTopology } from '../app/application-plan.js';
import { invalidQuery, unknownStore } from './query-errors.js';

/** A store of an application. */
export interface CataloguedStore {
  readonly spec: StoreSpec;
  readonly subTopology: PlannedSubTopology;
}

/** The stores of an application by name: whose they are, and over which partitions they spread. */
export class StoreCatalog {
  readonly #stores: ReadonlyMap<string, CataloguedStore>;
  readonly #applicationId: string;
  #partitionCounts: ReadonlyMap<string, number> = new Map();

  constructor(applicationId: string, { subTopologies }: ApplicationPlan) {
    this.#applicationId = applicationId;
    this.#stores = new Map(
      subTopologies.flatMap((subTopology) =>
        subTopology.subTopology.stores.map((spec) => [spec.name, { spec, subTopology }] as const),
      ),
    );
  }

  /** Says how many partitions the topics have. */
  know(partitionCounts: ReadonlyMap<string, number>): void {
    this.#partitionCounts = partitionCounts;
  }

  has(name: string): boolean {
    return this.#stores.has(name);
  }

  /** @throws {RecordError} (dead-letter) `MR_QUERY_STORE_UNKNOWN`. */
  find(name: string): CataloguedStore {
    const store = this.#stores.get(name);
    if (store === undefined) throw unknownStore(name, `in the application '${this.#applicationId}': correct the name`);
    return store;
  }

  /** How many tasks a store is spread over; 0 before the application knows its topics. */
  partitionCount({ subTopology }: CataloguedStore): number {
    return Math.max(0, ...subTopology.layout.topics.map((topic) => this.#partitionCounts.get(topic) ?? 0));
  }

  /** The partition whose task has the row of a key: where Kafka's default partitioner puts the key's bytes. */
  partitionOf(store: CataloguedStore, key: Buffer): number {
    return partitionForKey(key, Math.max(1, this.partitionCount(store)));
  }

  /** @throws {RecordError} (dead-letter) `MR_QUERY_INVALID` for a partition that the store does not have. */
  checkPartition(store: CataloguedStore, partition: number): void {
    const count = this.partitionCount(store);
    if (Number.isInteger(partition) && partition >= 0 && (partition < count || count === 0)) return;
    throw invalidQuery(`partition: ${partition} is not one of the ${count} of the store '${store.spec.name}'`);
  }
}
