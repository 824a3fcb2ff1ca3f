import { TaskError } from '@millrace/kernel';
import { placeIn } from '../store/engine/sorted-texts.js';
import type {
  ByteRow,
  ByteScan,
  ByteStore,
  StoragePlace,
  StoreChanges,
  StoreEngine,
  TaskStorage,
} from '../store/engine/store-engine.js';

/** The rows of a store in memory, in the order of their keys. */
class MemoryByteStore implements ByteStore {
  readonly maxKeyBytes = 1_000;
  readonly #rows = new Map<string, Buffer>();
  #sorted: string[] = [];
  position: number | undefined;

  get(key: Buffer): Buffer | undefined {
    this.#check(key);
    return this.#rows.get(key.toString('latin1'));
  }

  scan({ from, to, limit, isReverse }: ByteScan): readonly ByteRow[] {
    this.#check(from);
    this.#check(to);
    const first = placeIn(this.#sorted, from.toString('latin1'));
    const end = Math.max(first, placeIn(this.#sorted, to.toString('latin1')));
    const texts = isReverse
      ? this.#sorted.slice(Math.max(first, end - limit), end).reverse()
      : this.#sorted.slice(first, Math.min(end, first + limit));
    return texts.map((text) => ({ key: Buffer.from(text, 'latin1'), value: this.#rows.get(text) as Buffer }));
  }

  count(): number {
    return this.#sorted.length;
  }

  clear(): void {
    this.#rows.clear();
    this.#sorted = [];
    this.position = undefined;
  }

  take({ changes, position }: StoreChanges): void {
    for (const { key, value } of changes) {
      this.#check(key);
      if (value === null) this.#rows.delete(key.toString('latin1'));
      else this.#rows.set(key.toString('latin1'), Buffer.from(value));
    }
    this.#sorted = [...this.#rows.keys()].sort();
    this.position = position ?? this.position;
  }

  /** As strict as a tree on disk, which refuses to look for what it cannot hold. */
  #check(key: Buffer): void {
    if (key.length > this.maxKeyBytes) throw new RangeError(`a key of ${key.length} bytes was asked for`);
  }
}

interface Kept {
  readonly stores: Map<string, MemoryByteStore>;
  owner: object;
}

/** A store engine that outlives tasks, not the process: for tests of what goes on with kept stores. */
export class MemoryStoreEngine implements StoreEngine {
  readonly #kept = new Map<string, Kept>();

  open({ applicationId, thread, topology, taskId }: StoragePlace): TaskStorage {
    const id = JSON.stringify([applicationId, thread, topology, taskId]);
    const kept: Kept = { stores: this.#kept.get(id)?.stores ?? new Map<string, MemoryByteStore>(), owner: {} };
    this.#kept.set(id, kept);
    const storeOf = (name: string): MemoryByteStore => {
      let store = kept.stores.get(name);
      if (store === undefined) kept.stores.set(name, (store = new MemoryByteStore()));
      return store;
    };
    const checkOwner = (): void => {
      if (this.#kept.get(id) === kept) return;
      throw new TaskError('MR_TASK_FENCED', `the stores of task ${taskId} were opened by another owner`);
    };
    return {
      store: storeOf,
      position: (store) => storeOf(store).position,
      write: (stores) => {
        checkOwner();
        for (const changes of stores) storeOf(changes.store).take(changes);
      },
      wipe: (store) => {
        checkOwner();
        storeOf(store).clear();
      },
      close: () => undefined,
    };
  }
}
