import type { Execute } from '@millrace/postgres';
import type { DataSource } from 'typeorm';
import { viewOfRow, type AirportHourRow, type AirportHourView } from './airport-hour-view.js';

const COLUMNS = 'origin, hour, departures, cancelled, delay_sum_minutes, delay_max_minutes';

const BETWEEN = `
  SELECT ${COLUMNS} FROM airport_hourly
  WHERE origin = $1 AND hour >= $2 AND hour < $3
  ORDER BY hour`;

const LATEST = `
  SELECT ${COLUMNS} FROM airport_hourly
  WHERE origin = $1
  ORDER BY hour DESC LIMIT 1`;

/** Reads the hourly totals of airports from PostgreSQL. */
export class AirportHours {
  readonly #dataSource: DataSource;
  readonly #execute: Execute;

  /** @param execute What stands around each query: time-out, breaker, retry. */
  constructor(dataSource: DataSource, execute: Execute) {
    this.#dataSource = dataSource;
    this.#execute = execute;
  }

  /** The hours from `from` to before `to`, oldest first. Times are ISO 8601. */
  async between(origin: string, from: string, to: string): Promise<AirportHourView[]> {
    const rows = await this.#execute(() => this.#dataSource.query<AirportHourRow[]>(BETWEEN, [origin, from, to]));
    return rows.map(viewOfRow);
  }

  /** The last hour that has a total; undefined where there is none. */
  async latest(origin: string): Promise<AirportHourView | undefined> {
    const [row] = await this.#execute(() => this.#dataSource.query<AirportHourRow[]>(LATEST, [origin]));
    return row === undefined ? undefined : viewOfRow(row);
  }
}
