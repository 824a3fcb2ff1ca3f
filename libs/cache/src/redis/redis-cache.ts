import { SystemClock, SystemRandom, type Clock, type Duration, type Lifecycle, type Random } from '@millrace/kernel';
import { Redis } from 'ioredis';
import type { Cache, EntryOptions, LoadOptions } from '../cache/cache.js';
import { ReadThrough } from '../cache/read-through.js';
import { cacheChannels } from '../diagnostics/channels.js';
import { errorName } from '../diagnostics/error-name.js';
import { RedisEntryStore, type Guard } from './redis-entry-store.js';

/** What {@link RedisCache} can be told. */
export interface RedisCacheOptions {
  /** Stands in metrics. */
  readonly name: string;
  /** Such as `redis://user:secret@host:6379/0`, or `rediss://…` for TLS. */
  readonly url: string;
  /** How long an entry is kept where nothing else is said. */
  readonly ttl: Duration;
  /** Before every key, so that caches can share a Redis. Default: the name and a colon. */
  readonly keyPrefix?: string;
  /** Around every command: time-out, breaker, retry. Default: nothing, so only the time limits below hold. */
  readonly guard?: Guard;
  /** How long opening a connection may take. Default: 2,000. */
  readonly connectTimeoutMs?: number;
  /** How long a command may take; after that the connection is given up, and opened anew. Default: 1,000. */
  readonly commandTimeoutMs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
}

const RECONNECT_STEP_MS = 100;
const RECONNECT_MAX_MS = 2_000;
const DISCONNECT_TIMEOUT_MS = 100;

/**
 * A cache in Redis, shared by all processes with the same prefix.
 *
 * While Redis cannot be reached every read is a miss and every write is dropped, both at once: commands are not queued. A Redis
 * that is reached but does not answer costs one time limit; then it counts as out of reach. The connection is opened again in
 * the background. Expiry is decided by the reader's {@link Clock}; Redis drops an entry by its
 * own clock, only to free its memory. The connection's own time limits run on the machine's timers, which ioredis does not
 * let anybody replace.
 */
export class RedisCache implements Cache, Lifecycle {
  readonly name: string;
  readonly #redis: Redis;
  readonly #cache: ReadThrough;

  constructor(options: RedisCacheOptions) {
    const { name, keyPrefix = `${name}:`, guard = (call) => call(new AbortController().signal) } = options;
    const { commandTimeoutMs = 1_000 } = options;
    this.name = name;
    this.#redis = new Redis(options.url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: options.connectTimeoutMs ?? 2_000,
      commandTimeout: commandTimeoutMs,
      // Whoever does not answer one command will not answer the next: without it each would wait for its own time limit.
      socketTimeout: commandTimeoutMs,
      // ioredis keeps the process up for so long after disconnecting from a socket that is closed already.
      disconnectTimeout: DISCONNECT_TIMEOUT_MS,
      retryStrategy: (attempt) => Math.min(attempt * RECONNECT_STEP_MS, RECONNECT_MAX_MS),
    });
    this.#redis.on('error', (error: Error) => {
      cacheChannels.storeFailed.publish({ cache: name, operation: 'connection', error: errorName(error) });
    });
    this.#cache = new ReadThrough({
      name,
      ttl: options.ttl,
      store: new RedisEntryStore(this.#redis, keyPrefix, guard),
      clock: options.clock ?? new SystemClock(),
      random: options.random ?? new SystemRandom(),
    });
  }

  /** Whether there is a connection right now that Redis answers on. */
  get isAvailable(): boolean {
    return this.#redis.status === 'ready';
  }

  /** Opens the connection. Resolves also when Redis is not there: it is tried again in the background. */
  async start(): Promise<void> {
    // The failure is on the diagnostics channel already, by the connection's error event.
    await this.#redis.connect().catch(() => undefined);
  }

  /** Ends the connection after the commands under way, or at once when there is none. */
  async stop(): Promise<void> {
    if (this.isAvailable) await this.#redis.quit().catch(() => undefined);
    if (this.#redis.status !== 'end') this.#redis.disconnect();
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
