import { FatalError } from '@millrace/kernel';
import type { StateStore } from '../store/state-store.js';
import type { SubTopology, Topology } from '../topology/topology.js';
import type { RecordCollector } from './record-collector.js';
import type { RecordRun } from './record-run.js';
import { makeStore } from './task-stores.js';

/** A partition that a store of a task is restored from. */
export interface Changelog {
  readonly store: string;
  readonly topic: string;
  readonly partition: number;
  /** Whether it is the input of a table, which is restored up to the committed offset and no further. */
  readonly isSource: boolean;
}

/** What a {@link StoreSet} is made from. */
export interface StoreSetEnvironment {
  readonly applicationId: string;
  readonly partition: number;
  /** Where the changelogs are written to. */
  readonly collector: RecordCollector;
}

/**
 * The stores of a task, and how far each has followed its changelog.
 *
 * Outlives the task: a standby keeps one up to date without processing anything, a {@link StreamTask} takes it over when it
 * starts, and leaves it behind, as of its last commit, when it is closed. At any time one of them uses it.
 */
export class StoreSet {
  readonly stores: ReadonlyMap<string, StateStore>;
  /** In the order in which they are restored; each to its end. */
  readonly changelogs: readonly Changelog[];
  readonly #taskId: string;
  readonly #positions = new Map<string, number>();
  #recordTimeMs: () => number = () => 0;

  constructor(topology: Topology, subTopology: SubTopology, environment: StoreSetEnvironment) {
    const { applicationId, partition, collector } = environment;
    this.#taskId = `${subTopology.id}_${partition}`;
    this.changelogs = subTopology.stores.map((spec) => ({
      store: spec.name,
      topic: topology.changelogName(applicationId, spec),
      partition,
      isSource: spec.sourceTopic !== undefined,
    }));
    this.stores = new Map(
      subTopology.stores.map((spec) => {
        const changelog = topology.changelogName(applicationId, spec);
        const recordTimeMs = (): number => this.#recordTimeMs();
        return [spec.name, makeStore(spec, { changelog, partition, collector, recordTimeMs })];
      }),
    );
  }

  /** @throws {FatalError} (stop-app) `MR_TOPOLOGY_INVALID` for a store that the sub-topology does not have. */
  store(name: string): StateStore {
    const store = this.stores.get(name);
    if (store === undefined) {
      throw new FatalError(
        'MR_TOPOLOGY_INVALID',
        `task ${this.#taskId} has no store '${name}': list it with the processor`,
      );
    }
    return store;
  }

  /** Says whose timestamp a write takes that gives none: that of the record which the task processes. */
  useRecordTime(recordTimeMs: () => number): void {
    this.#recordTimeMs = recordTimeMs;
  }

  /**
   * Offset of the first changelog record that the store does not have; `undefined` where it has none and must begin with the
   * first that the changelog still has.
   */
  restorePosition(store: string): number | undefined {
    return this.#positions.get(store);
  }

  /** The store has everything below an offset of its changelog, for it wrote that, or there was nothing. Never goes back. */
  reached(store: string, offset: number): void {
    this.#positions.set(store, Math.max(offset, this.#positions.get(store) ?? 0));
  }

  /** Takes records of a changelog, in order. @returns how many. */
  restore(store: string, run: RecordRun): number {
    const target = this.store(store);
    let restored = 0;
    while (run.nextRecord()) {
      const { cursor } = run;
      if (cursor.keyStart < 0) continue;
      target.restore(
        cursor.buffer,
        cursor.keyStart,
        cursor.keyEnd,
        cursor.valueStart,
        cursor.valueEnd,
        cursor.timestampMs,
      );
      restored++;
    }
    // What comes from the changelog is committed: a later rollback must not go back behind it.
    target.commit();
    this.reached(store, run.nextOffset);
    return restored;
  }

  commit(): void {
    for (const store of this.stores.values()) store.commit();
  }

  /** Forgets what was not committed. */
  rollback(): void {
    for (const store of this.stores.values()) store.rollback();
  }
}
