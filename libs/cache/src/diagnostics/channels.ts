import { diagnosticsChannel } from '@millrace/kernel';

/** Somebody asked for a key. */
export interface LookupEvent {
  readonly cache: string;
  /** `negative-hit`: the cache knows that there is nothing. `shared`: somebody else was loading it already. */
  readonly result: 'hit' | 'negative-hit' | 'miss' | 'shared';
}

/** A value was loaded from where it really is. */
export interface LoadEvent {
  readonly cache: string;
  readonly outcome: 'loaded' | 'nothing' | 'failed';
  /** Whether it was loaded before the old one expired, while readers still got that. */
  readonly isEarly: boolean;
  readonly durationMs: number;
}

/** An entry was dropped although it had not expired: the cache is full. */
export interface EvictedEvent {
  readonly cache: string;
  readonly entries: number;
}

/** The store behind a cache failed; the cache went on without it. */
export interface StoreFailedEvent {
  readonly cache: string;
  readonly operation: 'read' | 'write' | 'delete' | 'connection';
  /** Code of the error, or its class where it has none. */
  readonly error: string;
}

/** What caches tell about themselves; `observability` turns it into metrics. */
export const cacheChannels = {
  lookup: diagnosticsChannel<LookupEvent>('cache:lookup'),
  load: diagnosticsChannel<LoadEvent>('cache:load'),
  evicted: diagnosticsChannel<EvictedEvent>('cache:evicted'),
  storeFailed: diagnosticsChannel<StoreFailedEvent>('cache:store-failed'),
} as const;
