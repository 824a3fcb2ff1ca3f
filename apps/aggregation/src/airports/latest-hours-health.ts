import type { Cache } from '@millrace/cache';
import type { HealthIndicator, HealthReport } from '@millrace/observability';

/**
 * Says whether the cache of the latest hours answers. Without it every reader reaches PostgreSQL, and nothing is wrong: so the app is
 * ready either way, and only the details tell.
 */
export class LatestHoursHealth implements HealthIndicator {
  readonly name = 'latest-hours';
  readonly #cache: Pick<Cache, 'isAvailable'>;

  constructor(cache: Pick<Cache, 'isAvailable'>) {
    this.#cache = cache;
  }

  readiness(): HealthReport {
    return { isHealthy: true, details: { cache: this.#cache.isAvailable ? 'available' : 'out of reach' } };
  }
}
