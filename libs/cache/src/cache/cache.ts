import type { Duration } from '@millrace/kernel';

/** How long an entry is kept. */
export interface EntryOptions {
  /** Default: that of the cache. Shortened at random by up to a tenth, so that entries made together do not expire together. */
  readonly ttl?: Duration;
}

/** How {@link Cache.getOrLoad} keeps what it loads. */
export interface LoadOptions extends EntryOptions {
  /**
   * How long "there is nothing" is kept (negative caching), so that asking for what does not exist does not reach the source each
   * time. Default: it is not kept.
   */
  readonly negativeTtl?: Duration;
}

/**
 * A cache of JSON values: a copy of something that is elsewhere, never the only one.
 *
 * Nothing may be correct only because the cache has it. So no method fails because of the cache itself: when its store is
 * down, reads find nothing, writes do nothing, both are reported on the diagnostics channels, and `getOrLoad` asks the source.
 * Values go in and come out as JSON does, so a reader never shares an object with another one.
 */
export interface Cache {
  readonly name: string;
  /** Whether its store answers: while it does not, every read is a miss and every write is dropped. For health. */
  readonly isAvailable: boolean;
  /** The value, or `undefined` when there is none or it has expired. */
  get<T>(key: string): Promise<T | undefined>;
  set(key: string, value: unknown, options?: EntryOptions): Promise<void>;
  delete(key: string): Promise<void>;
  /**
   * The value; when there is none, that of `load`, which is kept. `undefined` from `load` means that there is nothing.
   *
   * Of many callers in a process only one loads, the others get its result. Shortly before an entry expires one caller, picked at
   * random, loads it anew while all still get the old value (see {@link isDueEarly}); so an expiry is no stampede.
   *
   * @throws What `load` throws; that is not kept.
   */
  getOrLoad<T>(key: string, load: () => Promise<T | undefined>, options?: LoadOptions): Promise<T | undefined>;
}
