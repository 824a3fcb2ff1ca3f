import { InjectPolicy } from '@millrace/nest';
import { queryRows } from '@millrace/postgres';
import type { ExecutionPolicy } from '@millrace/resilience';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { POSTGRES_POLICY } from '../tokens.js';
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

/** Stands in errors. */
const WHO = 'the totals of airports';

/**
 * Reads the hourly totals of airports from PostgreSQL.
 *
 * Every call may throw {@link TransientError} (retry) when that is away, slow or overloaded.
 */
@Injectable()
export class AirportHours {
  readonly #dataSource: DataSource;
  readonly #policy: ExecutionPolicy;

  constructor(dataSource: DataSource, @InjectPolicy(POSTGRES_POLICY) policy: ExecutionPolicy) {
    this.#dataSource = dataSource;
    this.#policy = policy;
  }

  /** The hours from `from` to before `to`, oldest first. Times are ISO 8601. */
  async between(origin: string, from: string, to: string): Promise<AirportHourView[]> {
    const rows = await this.#query(BETWEEN, [origin, from, to]);
    return rows.map(viewOfRow);
  }

  /** The last hour that has a total; undefined where there is none. */
  async latest(origin: string): Promise<AirportHourView | undefined> {
    const [row] = await this.#query(LATEST, [origin]);
    return row === undefined ? undefined : viewOfRow(row);
  }

  #query(sql: string, parameters: readonly string[]): Promise<readonly AirportHourRow[]> {
    return queryRows<AirportHourRow>(this.#dataSource, (call) => this.#policy.execute(call), {
      who: WHO,
      sql,
      parameters,
    });
  }
}
