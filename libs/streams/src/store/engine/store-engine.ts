/**
 * What keeps stores outside the heap: a plug-in. The engine of streams turns keys, windows and versions into rows of bytes
 * and needs of a plug-in only that it keeps them in order and takes changes all at once.
 */

/**
 * How stores are made of rows. An engine that keeps rows beyond the life of a process keeps this number with them, and refuses what
 * was written under another.
 */
export const ROW_FORMAT = 1;

/** A row, or with a null value the deletion of one. */
export interface ByteChange {
  readonly key: Buffer;
  readonly value: Buffer | null;
}

/** A row. */
export interface ByteRow {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** Which rows {@link ByteStore.scan} gives. */
export interface ByteScan {
  /** The first key, inclusive. */
  readonly from: Buffer;
  /** The end of the keys, exclusive. */
  readonly to: Buffer;
  /** At most so many rows: those nearest to where the scan begins. */
  readonly limit: number;
  /** From the last key to the first. */
  readonly isReverse: boolean;
}

/** The committed rows of one store, in the order of their keys' bytes. */
export interface ByteStore {
  /** The longest key that it takes, in bytes; `Infinity` where it takes any. A record whose key is longer is a dead letter. */
  readonly maxKeyBytes: number;
  /** The value of a key; its bytes hold until the next call. */
  get(key: Buffer): Buffer | undefined;
  /** Rows whose bytes are the caller's. */
  scan(scan: ByteScan): readonly ByteRow[];
  /** How many rows there are. */
  count(): number;
}

/** What a store gives to be kept. */
export interface StoreChanges {
  readonly store: string;
  /** In the order of their keys, each key once. */
  readonly changes: readonly ByteChange[];
  /** The changelog's offset up to which the store then holds every change; undefined where it stays as it was. */
  readonly position: number | undefined;
}

/** The stores of one task, for the time that the task lives. */
export interface TaskStorage {
  store(name: string): ByteStore;
  /** Where the restore of a store goes on: the position that was kept with its rows; undefined for an empty one. */
  position(store: string): number | undefined;
  /**
   * Keeps changes and positions, all or none of them, also when the process dies half-way.
   *
   * @throws {TaskError} (restart-task) `MR_TASK_FENCED` when another owner has opened the same storage since, `MR_STORE_FAILED`
   *   when the changes cannot be written; nothing was kept then.
   */
  write(stores: readonly StoreChanges[]): void;
  /** Deletes a store's rows and its position: it does not go with its changelog. Throws as {@link write}. */
  wipe(store: string): void;
  /** Lets go of what it holds open; what was written stays. */
  close(): void;
}

/** Whose stores they are. */
export interface StoragePlace {
  readonly applicationId: string;
  /** Tells the threads of a process apart: a standby of one may follow what is active on another. */
  readonly thread: number;
  readonly topology: string;
  /** Sub-topology and partition, such as `0_3`. */
  readonly taskId: string;
}

/** Keeps the stores of tasks, beyond the life of a process. */
export interface StoreEngine {
  /**
   * Opens the storage of a task and shuts out whoever had it before.
   *
   * @throws {TaskError} (restart-task) `MR_STORE_FAILED` when it cannot be opened.
   * @throws {FatalError} (stop-app) when it was written in a format that nobody here reads.
   */
  open(place: StoragePlace): TaskStorage;
}
