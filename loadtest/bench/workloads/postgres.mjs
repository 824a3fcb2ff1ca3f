import { runMigrations, createDataSource } from '@millrace/postgres';
import pg from 'pg';
import { Digest } from '../harness/digest.mjs';
import { SINK_COLUMNS, drainToSink } from '../harness/drain.mjs';
import { eventOf, eventRecords, PARTITIONS, rowBytes } from './events.mjs';
import { LATEST_COLUMNS, LATEST_TABLE } from './latest-table.mjs';

async function query(url, sql) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Keeps the latest event of each user as a row of PostgreSQL. */
export const postgres = {
  name: 'postgres',
  partitions: PARTITIONS,
  defaults: { records: 500_000 },
  services: ['postgres'],
  async prepare(cluster, { records, bytes, services }) {
    await cluster.createTopic('events', PARTITIONS);
    await cluster.fill('events', eventRecords(records, bytes));
    const dataSource = createDataSource({ url: services.postgres.url });
    await runMigrations(dataSource);
    await dataSource.destroy();
    const latest = new Map();
    for (let n = 0; n < records; n++) latest.set(eventOf(n).user, eventOf(n));
    const expected = new Digest();
    for (const [user, event] of latest) expected.add(Buffer.from(user), rowBytes(event));
    return { expected: String(expected), committedTopics: ['events'], totalRecords: records };
  },
  async measure(run) {
    const columns = LATEST_COLUMNS.map(({ name, type }, nth) => `${name} ${type}${nth === 0 ? ' PRIMARY KEY' : ''}`);
    await query(
      run.work.services.postgres.url,
      `DROP TABLE IF EXISTS ${LATEST_TABLE}; CREATE TABLE ${LATEST_TABLE} (${columns.join()})`,
    );
    return drainToSink(run);
  },
  async answer({ work }) {
    const digest = new Digest();
    for (const row of await query(work.services.postgres.url, `SELECT * FROM ${LATEST_TABLE}`)) {
      digest.add(Buffer.from(row.user_name), rowBytes(row));
    }
    return String(digest);
  },
  columns: SINK_COLUMNS,
  ratios: ['eventsPerCpuSecond', 'eventsPerSecond'],
};
