import {
  ConfigurationError,
  SystemClock,
  SystemRandom,
  type Clock,
  type Duration,
  type Random,
} from '@millrace/kernel';
import { LruEntryStore } from '../store/lru-entry-store.js';
import type { Cache, EntryOptions, LoadOptions } from './cache.js';
import { ReadThrough } from './read-through.js';

/** What {@link InProcessCache} can be told. */
export interface InProcessCacheOptions {
  /** Stands in metrics. */
  readonly name: string;
  /** How long an entry is kept where nothing else is said. */
  readonly ttl: Duration;
  /** The entry that was used longest ago makes room for one more. Default: 10,000. */
  readonly maxEntries?: number;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** A cache in the memory of this process: the default where no Redis is configured. */
export class InProcessCache implements Cache {
  readonly name: string;
  /** Memory is always there. */
  readonly isAvailable = true;
  readonly #entries: LruEntryStore;
  readonly #cache: ReadThrough;

  /** @throws {ConfigurationError} (stop-app) when `maxEntries` is not a positive whole number. */
  constructor({ name, ttl, maxEntries = 10_000, clock, random }: InProcessCacheOptions) {
    if (!Number.isSafeInteger(maxEntries) || maxEntries < 1) {
      throw new ConfigurationError(`the cache '${name}'`, [`maxEntries is ${maxEntries}: it must be at least 1`]);
    }
    this.name = name;
    this.#entries = new LruEntryStore(name, maxEntries);
    this.#cache = new ReadThrough({
      name,
      ttl,
      store: this.#entries,
      clock: clock ?? new SystemClock(),
      random: random ?? new SystemRandom(),
    });
  }

  /** How many entries there are, expired ones that nobody has asked for since included. */
  get size(): number {
    return this.#entries.size;
  }

  get<T>(key: string): Promise<T | undefined> {
    return this.#cache.get(key);
  }

  set(key: string, value: unknown, options?: EntryOptions): Promise<void> {
    return this.#cache.set(key, value, options);
  }

  delete(key: string): Promise<void> {
    return this.#cache.delete(key);
  }

  getOrLoad<T>(key: string, load: () => Promise<T | undefined>, options?: LoadOptions): Promise<T | undefined> {
    return this.#cache.getOrLoad(key, load, options);
  }
}
