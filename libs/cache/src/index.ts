export type { Cache, EntryOptions, LoadOptions } from './cache/cache.js';
export { InProcessCache, type InProcessCacheOptions } from './cache/in-process-cache.js';
export { RedisCache, type RedisCacheOptions } from './redis/redis-cache.js';
export type { Guard } from './redis/redis-entry-store.js';
export {
  cacheChannels,
  type EvictedEvent,
  type LoadEvent,
  type LookupEvent,
  type StoreFailedEvent,
} from './diagnostics/channels.js';
