import type { Cache } from '@millrace/cache';
import type { AirportHour } from '@millrace/schemas';
import { Inject, Injectable } from '@nestjs/common';
import { LATEST_HOURS_CACHE } from '../tokens.js';
import { AirportHours } from './airport-hours.js';
import { viewOfTotal, type AirportHourView } from './airport-hour-view.js';

/** How long "no such airport" is kept, so that a client that asks for one does not reach the database each time. */
const NEGATIVE_TTL = '5s';

/** The latest hour of each airport, from the cache, and from PostgreSQL where the cache has nothing. */
@Injectable()
export class LatestHours {
  readonly #cache: Cache;
  readonly #hours: AirportHours;

  constructor(@Inject(LATEST_HOURS_CACHE) cache: Cache, hours: AirportHours) {
    this.#cache = cache;
    this.#hours = hours;
  }

  of(origin: string): Promise<AirportHourView | undefined> {
    return this.#cache.getOrLoad(origin, () => this.#hours.latest(origin), { negativeTtl: NEGATIVE_TTL });
  }

  /**
   * Takes note of totals that PostgreSQL has by now: keeps the latest hour of each airport unless the cache has a later one.
   * Two processes that do so at the same moment may leave the older one, until its time to live is over.
   */
  async offer(totals: readonly AirportHour[]): Promise<void> {
    const latest = new Map<string, AirportHour>();
    for (const total of totals) {
      const known = latest.get(total.origin);
      if (known === undefined || total.hour >= known.hour) latest.set(total.origin, total);
    }
    await Promise.all([...latest.values()].map((total) => this.#keepUnlessLater(total)));
  }

  async #keepUnlessLater(total: AirportHour): Promise<void> {
    const cached = await this.#cache.get<AirportHourView>(total.origin);
    if (cached !== undefined && cached.hour > total.hour) return;
    await this.#cache.set(total.origin, viewOfTotal(total));
  }
}
