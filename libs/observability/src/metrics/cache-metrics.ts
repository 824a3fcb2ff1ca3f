import { CALL_SECONDS, metricRule, type MetricRule } from './metric-rule.js';

/** Events of the channels `cache:*`, as far as they are used here. */
export interface CacheEvents {
  lookup: { readonly cache: string; readonly result: string };
  load: { readonly cache: string; readonly outcome: string; readonly durationMs: number };
  evicted: { readonly cache: string };
  storeFailed: { readonly cache: string; readonly operation: string };
}

/** Metrics of caches. */
export const cacheMetrics: readonly MetricRule[] = [
  metricRule<CacheEvents['lookup']>({
    kind: 'counter',
    channel: 'cache:lookup',
    name: 'millrace_cache_lookups_total',
    help: 'Questions to a cache, by what it knew',
    labels: { cache: ({ cache }) => cache, result: ({ result }) => result },
  }),
  metricRule<CacheEvents['load']>({
    kind: 'histogram',
    channel: 'cache:load',
    name: 'millrace_cache_load_duration_seconds',
    help: 'Time of loading what a cache did not have, by outcome',
    labels: { cache: ({ cache }) => cache, outcome: ({ outcome }) => outcome },
    buckets: CALL_SECONDS,
    valueOf: ({ durationMs }) => durationMs / 1_000,
  }),
  metricRule<CacheEvents['evicted']>({
    kind: 'counter',
    channel: 'cache:evicted',
    name: 'millrace_cache_evictions_total',
    help: 'Entries that were dropped to make room',
    labels: { cache: ({ cache }) => cache },
  }),
  metricRule<CacheEvents['storeFailed']>({
    kind: 'counter',
    channel: 'cache:store-failed',
    name: 'millrace_cache_store_failures_total',
    help: 'Operations that went on without the store behind the cache',
    labels: { cache: ({ cache }) => cache, operation: ({ operation }) => operation },
  }),
];
