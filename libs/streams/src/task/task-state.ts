import { ConfigurationError, RecordError } from '@millrace/kernel';
import { PendingRows } from '../store/engine/pending-rows.js';
import type { StoragePlace, StoreChanges, StoreEngine, TaskStorage } from '../store/engine/store-engine.js';
import type { PersistentStore } from '../store/persistent-store.js';
import type { StateStore } from '../store/state-store.js';
import type { StoreKind, StoreSpec } from '../topology/specs.js';
import type { RecordRun } from './record-run.js';
import { makeStore, type StoreEnvironment } from './task-stores.js';

/** The engine that keeps stores in the heap; always there. */
export const MEMORY_ENGINE = 'memory';

/** What keeps the stores of an application. */
export interface StoreEngines {
  /** The engine of the stores that name none: one of {@link byName}, or `memory`. */
  readonly default: string;
  readonly byName: ReadonlyMap<string, StoreEngine>;
}

/** So many rows are kept at once while a store is restored: a tree on disk takes many much faster than few and few again. */
const ROWS_AT_ONCE = 50_000;

export const IN_MEMORY: StoreEngines = { default: MEMORY_ENGINE, byName: new Map() };

/** Stores of operators that hold little and for a short time stay in the heap, whatever the engine. */
const KEPT_BY_ENGINES: ReadonlySet<StoreKind> = new Set([
  'key-value',
  'versioned',
  'window',
  'session',
  'join-window',
  'subscriptions',
]);

/** Says what is wrong with the engines that the stores ask for. */
export function problemsOfEngines(stores: readonly StoreSpec[], engines: StoreEngines): string[] {
  const known = [MEMORY_ENGINE, ...engines.byName.keys()];
  const asked = [engines.default, ...stores.map((store) => store.engine ?? engines.default)];
  return [...new Set(asked)]
    .filter((name) => !known.includes(name))
    .map((name) => {
      const users = stores.filter((store) => (store.engine ?? engines.default) === name).map((store) => store.name);
      return `the store engine '${name}' of ${users.join(', ') || 'no store'} is not known: register it, or take one of ${known.join(', ')}`;
    });
}

/** The stores of a task, and the storages that keep those which are not in the heap. */
export class TaskState {
  readonly stores: ReadonlyMap<string, StateStore>;
  readonly #specs: ReadonlyMap<string, StoreSpec>;
  readonly #storages = new Map<string, TaskStorage>();
  readonly #storageOf = new Map<PersistentStore, TaskStorage>();
  /** How far changelogs were restored whose last rows are still to be kept. */
  readonly #restoredTo = new Map<string, number>();

  /**
   * @throws {ConfigurationError} (stop-app) when a store asks for an engine that is not there.
   * @throws as {@link StoreEngine.open}.
   */
  constructor(
    place: StoragePlace,
    specs: readonly StoreSpec[],
    engines: StoreEngines,
    environmentOf: (spec: StoreSpec) => StoreEnvironment,
  ) {
    const problems = problemsOfEngines(specs, engines);
    if (problems.length > 0) throw new ConfigurationError(`the stores of task ${place.taskId}`, problems);
    this.#specs = new Map(specs.map((spec) => [spec.name, spec]));
    this.stores = new Map(
      specs.map((spec) => {
        const engine = engines.byName.get(spec.engine ?? engines.default);
        if (engine === undefined || !KEPT_BY_ENGINES.has(spec.kind)) {
          return [spec.name, makeStore(spec, environmentOf(spec))];
        }
        const storage = this.#storage(spec.engine ?? engines.default, engine, place);
        const rows = new PendingRows(spec.name, storage.store(spec.name));
        const store = makeStore(spec, environmentOf(spec), rows);
        this.#storageOf.set(store as PersistentStore, storage);
        return [spec.name, store];
      }),
    );
  }

  /** Where the restore of a store goes on in its changelog; undefined where nothing of it was kept. */
  restorePosition(name: string): number | undefined {
    return this.#storageFor(name)?.position(name);
  }

  /** Forgets what was kept of a store, so that it is restored from the beginning. Throws as {@link TaskStorage.wipe}. */
  wipe(name: string): void {
    const store = this.stores.get(name) as PersistentStore;
    const storage = this.#storageOf.get(store);
    if (storage === undefined) return;
    storage.wipe(name);
    store.reset();
  }

  /** Takes records of a store's changelog; returns how many. Throws as {@link TaskStorage.write}. */
  restore(name: string, run: RecordRun): number {
    const store = this.stores.get(name) as StateStore;
    const spec = this.#specs.get(name) as StoreSpec;
    let restored = 0;
    while (run.nextRecord()) {
      if (run.cursor.keyStart < 0 || !restoreRecord(store, spec, run)) continue;
      restored++;
    }
    const storage = this.#storageOf.get(store as PersistentStore);
    if (storage === undefined) return restored;
    this.#restoredTo.set(name, run.nextOffset);
    if ((store as PersistentStore).rows.pendingCount >= ROWS_AT_ONCE) this.restored(name);
    return restored;
  }

  /** The end of a store's changelog is reached: what was restored is kept. Throws as {@link TaskStorage.write}. */
  restored(name: string): void {
    const store = this.stores.get(name) as PersistentStore;
    const storage = this.#storageOf.get(store);
    const position = this.#restoredTo.get(name);
    if (storage === undefined || position === undefined) return;
    this.#restoredTo.delete(name);
    store.commit();
    storage.write([changesOf(store, position)]);
  }

  /**
   * The stores take what was written since the last time.
   *
   * @param positionOf the offset in a store's changelog after the last record that it has written; undefined for none.
   * @throws as {@link TaskStorage.write}.
   */
  commit(positionOf: (spec: StoreSpec) => number | undefined): void {
    for (const store of this.stores.values()) store.commit();
    for (const storage of this.#storages.values()) {
      const stores = [...this.#storageOf].filter(([, its]) => its === storage);
      const changes = stores.map(([store]) => changesOf(store, positionOf(this.#specs.get(store.name) as StoreSpec)));
      const isChanged = changes.some((each) => each.changes.length > 0 || each.position !== undefined);
      if (isChanged) storage.write(changes);
    }
  }

  /** Gives up what was not committed and lets go of the storages. */
  close(): void {
    for (const store of this.stores.values()) store.rollback();
    for (const storage of this.#storages.values()) storage.close();
    this.#storages.clear();
  }

  #storage(name: string, engine: StoreEngine, place: StoragePlace): TaskStorage {
    let storage = this.#storages.get(name);
    if (storage === undefined) this.#storages.set(name, (storage = engine.open(place)));
    return storage;
  }

  #storageFor(name: string): TaskStorage | undefined {
    return this.#storageOf.get(this.stores.get(name) as PersistentStore);
  }
}

function changesOf(store: PersistentStore, position: number | undefined): StoreChanges {
  return { store: store.name, changes: store.rows.take(), position };
}

/**
 * Hands a record of a changelog to its store. One that a table's topic holds and nobody can read went to the dead-letter topic when
 * it was processed: it is passed over.
 */
function restoreRecord(store: StateStore, spec: StoreSpec, { cursor }: RecordRun): boolean {
  const { buffer, keyStart, keyEnd, valueStart, valueEnd, timestampMs } = cursor;
  if (spec.sourceTopic === undefined) {
    store.restore(buffer, keyStart, keyEnd, valueStart, valueEnd, timestampMs);
    return true;
  }
  try {
    // A store that is kept as bytes would take anything.
    spec.key.deserialize(buffer, keyStart, keyEnd);
    if (valueStart >= 0) spec.value.deserialize(buffer, valueStart, valueEnd);
  } catch (cause) {
    if (cause instanceof RecordError) return false;
    throw cause;
  }
  store.restore(buffer, keyStart, keyEnd, valueStart, valueEnd, timestampMs);
  return true;
}
