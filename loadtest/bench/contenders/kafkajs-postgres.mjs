/** kafkajs with pg as a contender: an upsert for each batch that it fetches, then its offset. A batch may come again. */
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { LATEST_COLUMNS, LATEST_TABLE } from '../workloads/latest-table.mjs';
import { onStop, say, work } from './work.mjs';

const { bootstrap, applicationId, input, commitIntervalMs, services } = work;
const kafka = new Kafka({ clientId: applicationId, brokers: bootstrap, logLevel: logLevel.ERROR });
const consumer = kafka.consumer({ groupId: applicationId, readUncommitted: false });
const pool = new pg.Pool({ connectionString: services.postgres.url, max: 4 });

const names = LATEST_COLUMNS.map(({ name }) => name);
const arrays = LATEST_COLUMNS.map(({ type }, nth) => `$${nth + 1}::${type}[]`);
const changes = names.slice(1).map((name) => `${name} = excluded.${name}`);
const UPSERT = `INSERT INTO ${LATEST_TABLE} (${names.join()}) SELECT * FROM unnest(${arrays.join()})
  ON CONFLICT (${names[0]}) DO UPDATE SET ${changes.join()} WHERE excluded.id >= ${LATEST_TABLE}.id`;

onStop(async () => {
  await consumer.disconnect();
  await pool.end();
});
await consumer.connect();
await consumer.subscribe({ topics: [input], fromBeginning: true });
await consumer.run({
  autoCommitInterval: commitIntervalMs,
  eachBatch: async ({ batch, resolveOffset, commitOffsetsIfNecessary }) => {
    const latest = new Map(batch.messages.map(({ key, value }) => [key.toString(), value]));
    const rows = [...latest].map(([user, value]) => ({ ...JSON.parse(value.toString()), user_name: user }));
    await pool.query(
      UPSERT,
      names.map((name) => rows.map((row) => row[name])),
    );
    resolveOffset(batch.lastOffset());
    await commitOffsetsIfNecessary();
  },
});
say('running');
