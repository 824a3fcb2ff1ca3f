import type { StoreSpec } from './specs.js';

/** How changelogs are kept that forget by time. */
export interface ChangelogOptions {
  /**
   * Lets brokers delete what has left the windows of a store so long ago, in milliseconds of its records' time (Kafka's
   * `windowstore.changelog.additional.retention.ms`). Default: they compact only, as records of the past would be gone at once.
   */
  readonly windowChangelogRetentionMs?: number | undefined;
}

/** A changelog keeps versions a day longer than they count, as brokers' clocks and stream time differ (as Kafka Streams does). */
const DAY_MS = 86_400_000;

/** The kinds whose rows are those of windows, each with the time of its window. */
const WINDOWED: ReadonlySet<StoreSpec['kind']> = new Set(['window', 'session', 'join-window']);

/** Configuration of a store's changelog that not all changelogs have. */
export function changelogConfigs(
  { kind, retentionMs }: StoreSpec,
  { windowChangelogRetentionMs }: ChangelogOptions,
): Readonly<Record<string, string>> {
  if (kind === 'versioned') return { 'min.compaction.lag.ms': String(Math.ceil(retentionMs + DAY_MS)) };
  if (windowChangelogRetentionMs === undefined || !WINDOWED.has(kind)) return {};
  const keptMs = Math.ceil(retentionMs + windowChangelogRetentionMs);
  return { 'cleanup.policy': 'compact,delete', 'retention.ms': String(keptMs) };
}
