import { Controller, Get, HttpException, HttpStatus, Param, Query, UseFilters } from '@nestjs/common';
import { utcTimeMs } from '@millrace/schemas';
import { AirportHours } from '../airports/airport-hours.js';
import type { AirportHourView } from '../airports/airport-hour-view.js';
import { LatestHours } from '../airports/latest-hours.js';
import { UnavailableFilter } from './unavailable.filter.js';

/** The longest span that a request may ask for, in days. */
const MAX_SPAN_DAYS = 366;
const MS_A_DAY = 86_400_000;

/** `GET /v1/airports/…`: hourly totals; 503 while PostgreSQL is away, unless the cache has the answer. */
@UseFilters(UnavailableFilter)
@Controller('v1/airports')
export class AirportsController {
  readonly #hours: AirportHours;
  readonly #latest: LatestHours;

  constructor(hours: AirportHours, latest: LatestHours) {
    this.#hours = hours;
    this.#latest = latest;
  }

  /** The last hour that has a total. @throws {HttpException} 404 when the airport has none. */
  @Get(':origin/latest')
  async latest(@Param('origin') origin: string): Promise<AirportHourView> {
    const hour = await this.#latest.of(origin);
    if (hour !== undefined) return hour;
    throw refused(HttpStatus.NOT_FOUND, 'There is no total for this airport yet.');
  }

  /** The hours from `from` to before `to`, oldest first. @throws {HttpException} 400 that names the parameter. */
  @Get(':origin/hours')
  between(
    @Param('origin') origin: string,
    @Query('from') from: string | undefined,
    @Query('to') to: string | undefined,
  ): Promise<AirportHourView[]> {
    const fromMs = timeOf('from', from);
    const toMs = timeOf('to', to);
    if (toMs <= fromMs) throw refused(HttpStatus.BAD_REQUEST, "'to' must be later than 'from'.");
    if (toMs - fromMs > MAX_SPAN_DAYS * MS_A_DAY) {
      throw refused(HttpStatus.BAD_REQUEST, `'from' and 'to' may be ${MAX_SPAN_DAYS} days apart at most.`);
    }
    return this.#hours.between(origin, new Date(fromMs).toISOString(), new Date(toMs).toISOString());
  }
}

function timeOf(name: string, text: unknown): number {
  const timeMs = typeof text === 'string' ? utcTimeMs(text) : NaN;
  if (!Number.isNaN(timeMs)) return timeMs;
  throw refused(HttpStatus.BAD_REQUEST, `'${name}' must be a time in UTC such as 2013-01-01T10:00:00Z.`);
}

function refused(statusCode: HttpStatus, message: string): HttpException {
  return new HttpException({ statusCode, message }, statusCode);
}
