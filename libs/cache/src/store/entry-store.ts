/** What a cache keeps for a key. */
export interface Entry {
  /** JSON text of the value; absent when the cache knows that there is nothing. */
  readonly json?: string;
  /** Wall-clock time in milliseconds since the epoch. */
  readonly expiresAtMs: number;
  /** How long it took to load; 0 for what was set. */
  readonly loadMs: number;
}

/** Where a cache keeps its entries. May fail; the cache goes on without it then. */
export interface EntryStore {
  read(key: string): Promise<Entry | undefined>;
  /** @param ttlMs From now; the store may drop the entry after that. */
  write(key: string, entry: Entry, ttlMs: number): Promise<void>;
  delete(key: string): Promise<void>;
}
