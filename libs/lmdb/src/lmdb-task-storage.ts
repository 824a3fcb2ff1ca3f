import { randomUUID } from 'node:crypto';
import { TaskError } from '@millrace/kernel';
import type { StoreChanges, TaskStorage } from '@millrace/streams';
import type { Database, RootDatabase } from 'lmdb';
import { LmdbByteStore } from './lmdb-byte-store.js';

const OWNER = Buffer.from('owner');
const BINARY = { keyEncoding: 'binary', encoding: 'binary' } as const;

/**
 * The stores of a task in one LMDB environment: a database a store, and one for the positions and the owner's token.
 *
 * Invariants:
 * - a write transaction takes rows and positions of all stores, or nothing;
 * - whoever opens the environment last owns it: the token is compared within the transaction that writes, so that an owner who
 *   was away for too long can spoil nothing.
 */
export class LmdbTaskStorage implements TaskStorage {
  readonly #taskId: string;
  readonly #environment: RootDatabase<Buffer, Buffer>;
  readonly #meta: Database<Buffer, Buffer>;
  readonly #stores = new Map<string, LmdbByteStore>();
  readonly #token = Buffer.from(randomUUID());

  constructor(taskId: string, environment: RootDatabase<Buffer, Buffer>) {
    this.#taskId = taskId;
    this.#environment = environment;
    this.#meta = environment.openDB({ name: 'meta', ...BINARY });
    environment.transactionSync(() => this.#meta.putSync(OWNER, this.#token));
  }

  store(name: string): LmdbByteStore {
    let store = this.#stores.get(name);
    if (store === undefined) {
      store = new LmdbByteStore(this.#environment.openDB({ name: `store/${name}`, ...BINARY }));
      this.#stores.set(name, store);
    }
    return store;
  }

  position(store: string): number | undefined {
    const kept = this.#meta.getBinary(positionKey(store));
    return kept === undefined ? undefined : Number(kept.readBigInt64BE(0));
  }

  write(stores: readonly StoreChanges[]): void {
    const databases = stores.map(({ store }) => this.store(store).database);
    this.#transact(() => {
      for (const [nth, { store, changes, position }] of stores.entries()) {
        const database = databases[nth] as Database<Buffer, Buffer>;
        for (const { key, value } of changes) {
          if (value === null) database.removeSync(key);
          else database.putSync(key, value);
        }
        if (position !== undefined) this.#meta.putSync(positionKey(store), positionBytes(position));
      }
    });
  }

  wipe(store: string): void {
    const { database } = this.store(store);
    this.#transact(() => {
      database.clearSync();
      this.#meta.removeSync(positionKey(store));
    });
  }

  close(): void {
    // Closing waits for nothing that is still to be written: every write was a transaction of its own.
    void this.#environment.close();
  }

  #transact(work: () => void): void {
    let isFenced = false;
    try {
      this.#environment.transactionSync(() => {
        isFenced = this.#meta.getBinary(OWNER)?.equals(this.#token) !== true;
        if (!isFenced) work();
      });
    } catch (cause) {
      throw new TaskError(
        'MR_STORE_FAILED',
        `the stores of task ${this.#taskId} cannot be written to disk: look for room on the disk and for the rights to its directory`,
        { cause, place: { taskId: this.#taskId } },
      );
    }
    if (!isFenced) return;
    throw new TaskError(
      'MR_TASK_FENCED',
      `the stores of task ${this.#taskId} were opened by another owner: what this one has not written is restored there from the changelog`,
      { place: { taskId: this.#taskId } },
    );
  }
}

function positionKey(store: string): Buffer {
  return Buffer.from(`position/${store}`);
}

function positionBytes(position: number): Buffer {
  const written = Buffer.allocUnsafe(8);
  written.writeBigInt64BE(BigInt(position));
  return written;
}
