import { cacheChannels } from '../diagnostics/channels.js';
import type { Entry, EntryStore } from './entry-store.js';

/** Entries in memory, at most `maxEntries`: the one that was used longest ago makes room. */
export class LruEntryStore implements EntryStore {
  readonly #cache: string;
  readonly #maxEntries: number;
  /** A map keeps the order of insertion; using an entry inserts it anew, so the first is the one used longest ago. */
  readonly #entries = new Map<string, Entry>();

  constructor(cache: string, maxEntries: number) {
    this.#cache = cache;
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#entries.size;
  }

  async read(key: string): Promise<Entry | undefined> {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  async write(key: string, entry: Entry): Promise<void> {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size <= this.#maxEntries) return;
    const [oldest] = this.#entries.keys();
    this.#entries.delete(oldest as string);
    cacheChannels.evicted.publish({ cache: this.#cache, entries: this.#entries.size });
  }

  async delete(key: string): Promise<void> {
    this.#entries.delete(key);
  }
}
