/** What an export must hold, as SQL on the CSV files of `data/`. */
import { readCsv } from './csv-file.mjs';
import { fillTable } from './tables.mjs';

const SOURCES = {
  flights: {
    carrier: 'TEXT',
    flight: 'INTEGER',
    origin: 'TEXT',
    dest: 'TEXT',
    tailnum: 'TEXT',
    time_hour: 'TEXT',
    minute: 'INTEGER',
    dep_time: 'INTEGER',
    dep_delay: 'INTEGER',
    arr_delay: 'INTEGER',
  },
  weather: { origin: 'TEXT', time_hour: 'TEXT', temp: 'REAL', wind_speed: 'REAL' },
  planes: { tailnum: 'TEXT', model: 'TEXT' },
  airlines: { carrier: 'TEXT', name: 'TEXT' },
  airports: { faa: 'TEXT', name: 'TEXT' },
};

const INDEXES = ['weather (origin, time_hour)', 'planes (tailnum)', 'airlines (carrier)', 'airports (faa)'];

/**
 * The exported tables: their columns in order, which of them identify a row, and the rows that must be there.
 *
 * @type {Record<string, { columns: Record<string, 'TEXT' | 'INTEGER' | 'REAL'>, key: string[], sql: string }>}
 */
export const EXPORTS = {
  airport_hourly: {
    columns: {
      origin: 'TEXT',
      hour: 'TEXT',
      departures: 'INTEGER',
      cancelled: 'INTEGER',
      delay_sum_minutes: 'INTEGER',
      delay_max_minutes: 'INTEGER',
    },
    key: ['origin', 'hour'],
    sql: `
      SELECT origin, time_hour AS hour,
             count(dep_time) AS departures,
             count(*) - count(dep_time) AS cancelled,
             coalesce(sum(dep_delay), 0) AS delay_sum_minutes,
             max(dep_delay) AS delay_max_minutes
      FROM flights GROUP BY origin, time_hour`,
  },
  carrier_daily: {
    columns: {
      carrier: 'TEXT',
      date: 'TEXT',
      flights: 'INTEGER',
      cancelled: 'INTEGER',
      arrival_delay_sum_minutes: 'INTEGER',
    },
    key: ['carrier', 'date'],
    sql: `
      SELECT carrier, substr(time_hour, 1, 10) AS date,
             count(*) AS flights,
             count(*) - count(dep_time) AS cancelled,
             coalesce(sum(arr_delay), 0) AS arrival_delay_sum_minutes
      FROM flights GROUP BY carrier, substr(time_hour, 1, 10)`,
  },
  enriched: {
    columns: {
      carrier: 'TEXT',
      flight: 'INTEGER',
      origin: 'TEXT',
      dest: 'TEXT',
      time_hour: 'TEXT',
      minute: 'INTEGER',
      aircraft_model: 'TEXT',
      carrier_name: 'TEXT',
      dest_name: 'TEXT',
      temp: 'REAL',
      wind_speed: 'REAL',
    },
    key: ['carrier', 'flight', 'origin', 'time_hour', 'minute'],
    sql: `
      SELECT f.carrier, f.flight, f.origin, f.dest, f.time_hour, f.minute,
             p.model AS aircraft_model, c.name AS carrier_name, a.name AS dest_name, w.temp, w.wind_speed
      FROM flights f
      LEFT JOIN planes p ON p.tailnum = f.tailnum
      LEFT JOIN airlines c ON c.carrier = f.carrier
      LEFT JOIN airports a ON a.faa = f.dest
      LEFT JOIN weather w ON w.origin = f.origin AND w.time_hour = f.time_hour`,
  },
};

/** Figures that the year in `data/` is known to have; they guard the queries above against themselves. */
export const KNOWN_FIGURES = {
  enriched: 336_776,
  airport_hourly: 19_486,
  with_weather: 335_220,
  with_aircraft_model: 284_170,
};

/**
 * Loads the CSV files and computes the tables `expected_<name>`.
 *
 * @param {import('node:sqlite').DatabaseSync} database
 * @param {string} dataDir
 */
export async function computeExpected(database, dataDir) {
  for (const [table, columns] of Object.entries(SOURCES)) {
    const { file, header, rows } = await readCsv(dataDir, table);
    const positions = Object.keys(columns).map((name) => {
      const position = header.indexOf(name);
      if (position < 0) throw new Error(`${file} has no column '${name}'`);
      return position;
    });
    fillTable(database, table, columns, rows, { nulls: new Set(['NA', '']), positions });
  }
  for (const index of INDEXES) database.exec(`CREATE INDEX "${index}" ON ${index}`);
  for (const [name, { sql, key }] of Object.entries(EXPORTS)) {
    database.exec(`CREATE TABLE expected_${name} AS ${sql}`);
    database.exec(`CREATE UNIQUE INDEX expected_${name}_key ON expected_${name} (${key.join(', ')})`);
  }
}
