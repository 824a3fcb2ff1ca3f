import type { Redis } from 'ioredis';
import type { Entry, EntryStore } from '../store/entry-store.js';

/** Runs calls to Redis; a resilience policy's `execute` fits. */
export type Guard = <T>(call: (signal: AbortSignal) => Promise<T>) => Promise<T>;

/** What stands in Redis: a hash would need two commands for value and expiry. */
interface StoredEntry {
  readonly json?: string;
  readonly at: number;
  readonly load: number;
}

/** Entries in Redis, each as one string with an expiry of its own. */
export class RedisEntryStore implements EntryStore {
  readonly #redis: Redis;
  readonly #keyPrefix: string;
  readonly #guard: Guard;

  constructor(redis: Redis, keyPrefix: string, guard: Guard) {
    this.#redis = redis;
    this.#keyPrefix = keyPrefix;
    this.#guard = guard;
  }

  async read(key: string): Promise<Entry | undefined> {
    const text = await this.#guard(() => this.#redis.get(this.#keyPrefix + key));
    return text === null ? undefined : parseEntry(text);
  }

  async write(key: string, { json, expiresAtMs, loadMs }: Entry, ttlMs: number): Promise<void> {
    const stored: StoredEntry = { ...(json === undefined ? {} : { json }), at: expiresAtMs, load: loadMs };
    const text = JSON.stringify(stored);
    await this.#guard(() => this.#redis.set(this.#keyPrefix + key, text, 'PX', Math.max(1, Math.ceil(ttlMs))));
  }

  async delete(key: string): Promise<void> {
    await this.#guard(() => this.#redis.del(this.#keyPrefix + key));
  }
}

/** What somebody else wrote under our prefix is as good as nothing. */
function parseEntry(text: string): Entry | undefined {
  let stored: Partial<StoredEntry> | null;
  try {
    stored = JSON.parse(text) as Partial<StoredEntry> | null;
    if (stored?.json !== undefined) JSON.parse(stored.json);
  } catch {
    return undefined;
  }
  const { json, at, load } = stored ?? {};
  if (typeof at !== 'number' || typeof load !== 'number') return undefined;
  return { ...(json === undefined ? {} : { json }), expiresAtMs: at, loadMs: load };
}
