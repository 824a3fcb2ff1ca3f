import { ConfigurationError, FatalError, TaskError, dispositionOf } from '@millrace/kernel';
import { executeQuery } from '../query/execute-query.js';
import type { StoreQuery, StoreRow } from '../query/store-query.js';
import { isReadable, type Serde } from '../serde/serde.js';
import { PendingRows } from '../store/engine/pending-rows.js';
import type { StoragePlace, StoreEngine, TaskStorage } from '../store/engine/store-engine.js';
import type { PersistentStore } from '../store/persistent-store.js';
import type { QueryIsolation } from '../store/read-only-stores.js';
import type { StateStore } from '../store/state-store.js';
import type { StoreSpec } from '../topology/specs.js';
import type { SubTopology, Topology } from '../topology/topology.js';
import type { RecordCollector } from './record-collector.js';
import type { RecordRun } from './record-run.js';
import { IN_MEMORY, engineOf, problemsOfEngines, type StoreEngines } from './store-engines.js';
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
  /** What keeps the stores. Default: the heap. */
  readonly storeEngines?: StoreEngines;
  /** Tells the threads of a process apart: each keeps stores of its own. Default 0. */
  readonly thread?: number;
}

/**
 * So many rows, or bytes, are kept at once while a store is restored: a tree on disk takes many rows in order much faster than few
 * and few again, as each page is then written once.
 */
const ROWS_AT_ONCE = 200_000;
const BYTES_AT_ONCE = 32 * 1024 * 1024;

/**
 * The stores of a task, how far each has followed its changelog, and the storages that keep those which are not in the heap.
 *
 * Outlives the task: a standby keeps one up to date without processing anything, a {@link StreamTask} takes it over when it
 * starts, and leaves it behind, as of its last commit, when it is closed. At any time one of them uses it; the last one ends it by
 * {@link close}.
 */
export class StoreSet {
  readonly stores: ReadonlyMap<string, StateStore>;
  /** In the order in which they are restored; each to its end. */
  readonly changelogs: readonly Changelog[];
  readonly #taskId: string;
  readonly #specs: ReadonlyMap<string, StoreSpec>;
  readonly #storages = new Map<string, TaskStorage>();
  readonly #storageOf = new Map<StateStore, TaskStorage>();
  readonly #positions = new Map<string, number>();
  /** The stores that were restored further than is kept. */
  readonly #restoring = new Set<string>();
  #collector: RecordCollector;
  #recordTimeMs: () => number = () => 0;

  /**
   * @throws {ConfigurationError} (stop-app) when a store asks for an engine that is not there.
   * @throws as {@link StoreEngine.open}.
   */
  constructor(topology: Topology, subTopology: SubTopology, environment: StoreSetEnvironment) {
    const { applicationId, partition, collector, storeEngines = IN_MEMORY, thread = 0 } = environment;
    this.#collector = collector;
    this.#taskId = `${subTopology.id}_${partition}`;
    const problems = problemsOfEngines(subTopology.stores, storeEngines);
    if (problems.length > 0) throw new ConfigurationError(`the stores of task ${this.#taskId}`, problems);
    this.#specs = new Map(subTopology.stores.map((spec) => [spec.name, spec]));
    this.changelogs = subTopology.stores
      .filter((spec) => spec.isLogged || spec.sourceTopic !== undefined)
      .map((spec) => ({
        store: spec.name,
        topic: topology.changelogName(applicationId, spec),
        partition,
        isSource: spec.sourceTopic !== undefined,
      }));
    const place = { applicationId, thread, topology: topology.name, taskId: this.#taskId };
    try {
      this.stores = new Map(
        subTopology.stores.map((spec) => {
          const changelog = topology.changelogName(applicationId, spec);
          return [spec.name, this.#makeStore(spec, changelog, place, environment)];
        }),
      );
    } catch (cause) {
      for (const storage of this.#storages.values()) storage.close();
      throw cause;
    }
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

  /** Answers a query from one of the stores. Throws as {@link store} and {@link executeQuery}. */
  query(name: string, query: StoreQuery, isolation: QueryIsolation = 'read_committed'): StoreRow[] {
    const store = this.store(name);
    // What a changelog holds is committed, also while it waits to be kept.
    const seen = this.#restoring.has(name) ? 'read_uncommitted' : isolation;
    return executeQuery(this.#specs.get(name) as StoreSpec, store, query, seen);
  }

  /**
   * A task takes the stores over.
   *
   * @param collector where changelogs are written to from now on.
   * @param recordTimeMs whose timestamp a write takes that gives none: that of the record which the task processes.
   */
  takeOver(collector: RecordCollector, recordTimeMs: () => number): void {
    for (const name of this.#restoring) this.restored(name);
    this.#collector = collector;
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

  /**
   * Forgets a store that an engine keeps: it does not go with its changelog, and is restored from the beginning.
   *
   * @throws {TaskError} (restart-task) `MR_OFFSET_OUT_OF_RANGE` for a store in the heap, which is made anew with its task; else as
   *   {@link commit}.
   */
  wipe(name: string): void {
    const store = this.store(name);
    const storage = this.#storageOf.get(store);
    if (storage === undefined) {
      throw new TaskError(
        'MR_OFFSET_OUT_OF_RANGE',
        `the changelog of '${name}' ends before what the store has: it was deleted or cut off, and the store is made anew`,
        { place: { taskId: this.#taskId } },
      );
    }
    this.#positions.delete(name);
    this.#restoring.delete(name);
    storage.wipe(name);
    (store as PersistentStore).reset();
  }

  /** Forgets all stores, also what is kept of them, and ends. Throws as {@link commit}. */
  forget(): void {
    for (const [store, storage] of this.#storageOf) storage.wipe(store.name);
    this.close();
  }

  /**
   * Takes records of a changelog, in order; those that the store has already are passed over, as one with rows of its own for
   * each record would keep them twice. Throws as {@link commit}. @returns how many.
   */
  restore(name: string, run: RecordRun): number {
    const store = this.store(name);
    const spec = this.#specs.get(name) as StoreSpec;
    const fromOffset = this.#positions.get(name) ?? 0;
    let restored = 0;
    const isKept = this.#storageOf.has(store);
    while (run.nextRecord()) {
      if (run.cursor.offset < fromOffset) continue;
      if (run.cursor.keyStart >= 0 && restoreRecord(store, spec, run, isKept)) restored++;
    }
    this.reached(name, run.nextOffset);
    this.#restoring.add(name);
    if (!isKept || isLarge((store as PersistentStore).rows)) this.restored(name);
    return restored;
  }

  /** What was restored of a store counts as committed, and is kept. Throws as {@link commit}. */
  restored(name: string): void {
    const store = this.store(name);
    store.commit();
    this.#restoring.delete(name);
    const storage = this.#storageOf.get(store);
    if (storage !== undefined) this.#write(storage, [store as PersistentStore]);
  }

  /** The stores take what was written since the last time. @throws {TaskError} (restart-task) when that cannot be kept. */
  commit(): void {
    for (const store of this.stores.values()) store.commit();
    for (const storage of this.#storages.values()) {
      const kept = [...this.#storageOf].filter(([, its]) => its === storage).map(([store]) => store as PersistentStore);
      this.#write(storage, kept);
    }
  }

  /** Forgets what was not committed; what was restored stays. Throws as {@link commit}. */
  rollback(): void {
    for (const [name, store] of this.stores) {
      if (this.#restoring.has(name)) this.restored(name);
      else store.rollback();
    }
  }

  /** Ends it: what was not committed is lost, storages are let go of. */
  close(): void {
    for (const store of this.stores.values()) store.rollback();
    for (const storage of this.#storages.values()) storage.close();
    this.#storages.clear();
  }

  #makeStore(
    spec: StoreSpec,
    changelog: string,
    place: StoragePlace,
    { partition, storeEngines = IN_MEMORY }: StoreSetEnvironment,
  ): StateStore {
    const environment = {
      changelog,
      partition,
      collector: () => this.#collector,
      recordTimeMs: () => this.#recordTimeMs(),
    };
    const [name, engine] = engineOf(spec, storeEngines) ?? [];
    if (name === undefined || engine === undefined) return makeStore(spec, environment);
    const storage = this.#storage(name, engine, place);
    const store = makeStore(spec, environment, new PendingRows(spec.name, storage.store(spec.name)));
    this.#storageOf.set(store, storage);
    const position = storage.position(spec.name);
    if (position !== undefined) this.#positions.set(spec.name, position);
    return store;
  }

  #storage(name: string, engine: StoreEngine, place: StoragePlace): TaskStorage {
    let storage = this.#storages.get(name);
    if (storage === undefined) this.#storages.set(name, (storage = engine.open(place)));
    return storage;
  }

  #write(storage: TaskStorage, stores: readonly PersistentStore[]): void {
    const changes = stores.map((store) => {
      const position = this.#positions.get(store.name);
      const isNew = position !== storage.position(store.name);
      return { store: store.name, changes: store.rows.changes(), position: isNew ? position : undefined };
    });
    try {
      if (changes.some((each) => each.changes.length > 0 || each.position !== undefined)) storage.write(changes);
    } catch (cause) {
      for (const store of stores) this.#goBack(store, storage);
      throw cause;
    }
    for (const store of stores) store.rows.clear();
  }

  /** A store is again what is kept of it: the rest is to be restored once more. */
  #goBack(store: PersistentStore, storage: TaskStorage): void {
    store.rows.clear();
    store.rollback();
    this.#restoring.delete(store.name);
    const position = storage.position(store.name);
    if (position === undefined) this.#positions.delete(store.name);
    else this.#positions.set(store.name, position);
  }
}

function isLarge(rows: PendingRows): boolean {
  return rows.pendingCount >= ROWS_AT_ONCE || rows.pendingBytes >= BYTES_AT_ONCE;
}

/**
 * Hands a record of a changelog to its store. One that a table's topic holds and nobody can read, or no storage can keep, went to
 * the dead-letter topic when it was processed: it is passed over.
 */
function restoreRecord(store: StateStore, spec: StoreSpec, { cursor }: RecordRun, isKept: boolean): boolean {
  const { buffer, keyStart, keyEnd, valueStart, valueEnd, timestampMs } = cursor;
  if (spec.sourceTopic === undefined) {
    store.restore(buffer, keyStart, keyEnd, valueStart, valueEnd, timestampMs);
    return true;
  }
  // A record before the epoch has become a dead letter, and never reached the table.
  if (timestampMs < 0) return false;
  try {
    // A store in the heap looks at what it takes; one that is kept as bytes would take anything.
    if (isKept) {
      checkReadable(spec.key, buffer, keyStart, keyEnd);
      if (valueStart >= 0) checkReadable(spec.value, buffer, valueStart, valueEnd);
    }
    store.restore(buffer, keyStart, keyEnd, valueStart, valueEnd, timestampMs);
  } catch (cause) {
    if (dispositionOf(cause, 'dead-letter') === 'dead-letter') return false;
    throw cause;
  }
  return true;
}

/** Throws as the serde where it cannot read `buffer[start, end)`. */
function checkReadable(serde: Serde<unknown>, buffer: Buffer, start: number, end: number): void {
  if (!isReadable(serde, buffer, start, end)) serde.deserialize(buffer, start, end);
}
