/**
 * How fast the embedded PostgreSQL takes the totals of the pipeline: `node libs/postgres/dist/bench/upsert.bench.js [BATCH]`.
 * With a second argument, a database URL, it measures that server instead.
 */
import { SystemClock } from '@millrace/kernel';
import type { SinkRecord } from '@millrace/streams';
import { createDataSource } from '../connection/create-data-source.js';
import { EmbeddedPostgres } from '../embedded/embedded-postgres.js';
import { runMigrations } from '../migrations/run-migrations.js';
import { IdempotentBatchWriter } from '../sink/idempotent-batch-writer.js';
import type { TableMapping } from '../sink/table-mapping.js';

interface Key {
  readonly origin: string;
  readonly hour: string;
}

const table: TableMapping<Key, { readonly departures: number }> = {
  table: 'airport_hourly',
  key: [
    { name: 'origin', type: 'text', of: ({ origin }) => origin },
    { name: 'hour', type: 'timestamptz', of: ({ hour }) => hour },
  ],
  values: [
    { name: 'departures', type: 'integer', of: ({ departures }) => departures },
    { name: 'cancelled', type: 'integer', of: () => 0 },
    { name: 'delay_sum_minutes', type: 'bigint', of: () => 7 },
    { name: 'delay_max_minutes', type: 'integer', of: () => null },
  ],
  partitionedByMonthOf: 'hour',
};

const ROWS = 100_000;
const HOURS = 8_760;
const batchRows = Number(process.argv[2] ?? 5_000);
const clock = new SystemClock();
const embedded = new EmbeddedPostgres();
let url = process.argv[3];
if (url === undefined) {
  await embedded.start();
  console.log(`started in ${Math.round(embedded.startMs)} ms`);
  url = embedded.url;
}
const dataSource = createDataSource({ url, poolSize: 1 });
const migrationMs = await timed(() => runMigrations(dataSource));
console.log(`connected and migrated in ${Math.round(migrationMs)} ms`);

const writer = new IdempotentBatchWriter({ dataSource, sink: `bench-${clock.nowMs()}`, table });
const place = { topic: 'airport.hourly', partition: 0 };
await writer.open(place, { generationId: 1, memberId: 'bench' });
for (const pass of ['insert', 'update']) {
  const base = pass === 'insert' ? 0 : ROWS;
  const ms = await timed(async () => {
    for (let first = 0; first < ROWS; first += batchRows)
      await writer.write(batch(base, first, Math.min(first + batchRows, ROWS)));
  });
  const perSecond = Math.round((ROWS / ms) * 1_000).toLocaleString('en');
  console.log(`${pass}: ${perSecond} rows/s, ${((ms / ROWS) * batchRows).toFixed(2)} ms a batch of ${batchRows}`);
}
await dataSource.destroy();
await embedded.stop();

function batch(base: number, first: number, end: number): Parameters<typeof writer.write>[0] {
  const records: SinkRecord<Key, { readonly departures: number }>[] = [];
  for (let row = first; row < end; row++) {
    const hour = new Date(Date.UTC(2013, 0, 1) + (row % HOURS) * 3_600_000).toISOString().replace('.000', '');
    const key = { origin: `A${Math.floor(row / HOURS)}`, hour };
    records.push({ offset: base + row, timestampMs: 0, key, value: { departures: row }, headers: [] });
  }
  return { ...place, firstOffset: base + first, nextOffset: base + end, records };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = clock.monotonicMs();
  await work();
  return clock.monotonicMs() - startedMs;
}
