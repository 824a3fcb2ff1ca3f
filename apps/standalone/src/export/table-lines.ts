import type { DataSource } from 'typeorm';
import { csvLine } from './csv-line.js';

/** A table as it is exported: its columns in order, and the query that gives exactly these. */
export interface TableExport {
  readonly columns: readonly string[];
  readonly sql: string;
}

/** `airport_hourly`, one row per origin and scheduled hour. */
export const AIRPORT_HOURLY: TableExport = {
  columns: ['origin', 'hour', 'departures', 'cancelled', 'delay_sum_minutes', 'delay_max_minutes'],
  sql: `
    SELECT origin, to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS hour,
      departures, cancelled, delay_sum_minutes, delay_max_minutes
    FROM airport_hourly ORDER BY airport_hourly.origin COLLATE "C", airport_hourly.hour`,
};

/** `carrier_daily`, one row per airline and day. */
export const CARRIER_DAILY: TableExport = {
  columns: ['carrier', 'date', 'flights', 'cancelled', 'arrival_delay_sum_minutes'],
  sql: `
    SELECT carrier, to_char(date, 'YYYY-MM-DD') AS date, flights, cancelled, arrival_delay_sum_minutes
    FROM carrier_daily ORDER BY carrier_daily.carrier COLLATE "C", carrier_daily.date`,
};

/** Reads a table back from PostgreSQL as lines of CSV, the header first. */
export async function tableLines(dataSource: DataSource, { columns, sql }: TableExport): Promise<string[]> {
  const rows = await dataSource.query<Record<string, string | number | null>[]>(sql);
  return [csvLine(columns), ...rows.map((row) => csvLine(columns.map((name) => row[name])))];
}
