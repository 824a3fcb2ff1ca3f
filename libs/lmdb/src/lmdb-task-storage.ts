import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { ConfigurationError, TaskError } from '@millrace/kernel';
import { ROW_FORMAT, type StoreChanges, type TaskStorage } from '@millrace/streams';
import type { Database, RootDatabase } from 'lmdb';
import { LmdbByteStore } from './lmdb-byte-store.js';

const OWNER = Buffer.from('owner');
/** Where a directory says what it is written in: how rows are kept here, and how stores are made of rows. */
const FORMAT_KEY = Buffer.from('format');
const FORMAT = `lmdb-1/rows-${ROW_FORMAT}`;
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
  /** Nobody else's, and says who it is. */
  readonly #token = Buffer.from(`process ${process.pid} on ${hostname()} ${randomUUID()}`);

  /**
   * @param folder where the environment is, for messages.
   * @throws {ConfigurationError} (stop-app) when another version has written the stores in a format of its own.
   */
  constructor(taskId: string, environment: RootDatabase<Buffer, Buffer>, folder: string) {
    this.#taskId = taskId;
    this.#environment = environment;
    this.#meta = environment.openDB({ name: 'meta', ...BINARY });
    const format = environment.transactionSync(() => {
      const isNew = this.#meta.getBinary(OWNER) === undefined;
      const kept = isNew ? FORMAT : (this.#meta.getBinary(FORMAT_KEY)?.toString() ?? 'none that is told');
      if (kept === FORMAT) {
        this.#meta.putSync(FORMAT_KEY, Buffer.from(FORMAT));
        this.#meta.putSync(OWNER, this.#token);
      }
      return kept;
    });
    if (format === FORMAT) return;
    this.close();
    throw otherFormat(folder, format);
  }

  store(name: string): LmdbByteStore {
    let store = this.#stores.get(name);
    if (store === undefined) {
      store = new LmdbByteStore(name, this.#environment.openDB({ name: `store/${name}`, ...BINARY }), this.#meta);
      this.#stores.set(name, store);
    }
    return store;
  }

  position(store: string): number | undefined {
    const kept = this.#meta.getBinary(positionKey(store));
    return kept === undefined ? undefined : Number(kept.readBigInt64BE(0));
  }

  write(stores: readonly StoreChanges[]): void {
    // A database is not to be opened within the transaction.
    for (const { store } of stores) this.store(store);
    this.#transact(() => {
      for (const { store, changes, position } of stores) {
        this.store(store).change(changes);
        if (position !== undefined) this.#meta.putSync(positionKey(store), positionBytes(position));
      }
    });
  }

  wipe(store: string): void {
    const rows = this.store(store);
    this.#transact(() => {
      rows.clear();
      this.#meta.removeSync(positionKey(store));
    });
  }

  close(): void {
    // Closing waits for nothing that is still to be written: every write was a transaction of its own.
    void this.#environment.close();
  }

  #transact(work: () => void): void {
    let owner: Buffer | undefined;
    try {
      this.#environment.transactionSync(() => {
        owner = this.#meta.getBinary(OWNER);
        if (owner?.equals(this.#token) === true) work();
      });
    } catch (cause) {
      throw new TaskError(
        'MR_STORE_FAILED',
        `the stores of task ${this.#taskId} cannot be written to disk: look for room on the disk and for the rights to its directory`,
        { cause, place: { taskId: this.#taskId } },
      );
    }
    if (owner?.equals(this.#token) === true) return;
    const who = owner?.toString().split(' ').slice(0, -1).join(' ') ?? 'nobody';
    throw new TaskError(
      'MR_TASK_FENCED',
      `the stores of task ${this.#taskId} were opened by another owner, ${who}: what this one has not written is restored there from the changelog; if both processes are meant to run, give each a directory of its own`,
      { place: { taskId: this.#taskId } },
    );
  }
}

/** What a directory is refused with that is written in a format which nobody here reads. */
export function otherFormat(folder: string, format: string): ConfigurationError {
  return new ConfigurationError(`the stores in ${folder}`, [
    `their format is ${format}, this version reads ${FORMAT}: start the version that wrote them, or delete the directory, and what has a changelog is restored from it`,
  ]);
}

function positionKey(store: string): Buffer {
  return Buffer.from(`position/${store}`);
}

function positionBytes(position: number): Buffer {
  const written = Buffer.allocUnsafe(8);
  written.writeBigInt64BE(BigInt(position));
  return written;
}
