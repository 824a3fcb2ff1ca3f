/** Millrace's sinks as contenders: events into rows of PostgreSQL, or into Parquet objects of an S3 store. */
import { ArchiveSink, S3ObjectStore } from '@millrace/archive';
import { IdempotentBatchWriter, createDataSource } from '@millrace/postgres';
import { SinkApp, runtimeChannels } from '@millrace/runtime';
import { json, topic, utf8 } from '@millrace/streams';
import { LATEST_COLUMNS, LATEST_TABLE } from '../workloads/latest-table.mjs';
import { ARCHIVE_COLUMNS, ARCHIVE_PREFIX } from '../workloads/archive-columns.mjs';
import { onStop, say, work } from './work.mjs';

const { workload, bootstrap, applicationId, input, commitIntervalMs, services } = work;
/** What is left over at the end waits no longer than this for more. */
const MAX_AGE = '2s';

const open = {
  async postgres() {
    const dataSource = createDataSource({ url: services.postgres.url, poolSize: 4 });
    await dataSource.initialize();
    const [user, ...values] = LATEST_COLUMNS;
    const table = {
      table: LATEST_TABLE,
      key: [{ ...user, of: (key) => key }],
      values: values.map(({ name, type }) => ({ name, type, of: (event) => event[name] })),
    };
    const writer = new IdempotentBatchWriter({ dataSource, sink: applicationId, table });
    return { writer, close: () => dataSource.destroy() };
  },
  async archive() {
    const { endpoint, credentials, bucket } = services.s3;
    const store = new S3ObjectStore({ endpoint, credentials, bucket: `${bucket}-${applicationId}` });
    const writer = new ArchiveSink({ store, prefix: ARCHIVE_PREFIX, columns: ARCHIVE_COLUMNS, maxAge: MAX_AGE });
    return { writer, close: () => store.close() };
  },
};

runtimeChannels.threadState.subscribe(({ to }) => {
  if (to === 'RUNNING') say('running');
});
const { writer, close } = await open[workload]();
const app = new SinkApp({
  name: applicationId,
  topics: [topic(input, utf8, json())],
  writer,
  cluster: { bootstrap },
  commitInterval: commitIntervalMs,
});
onStop(async () => {
  await app.stop();
  await close();
});
app.finished.catch((cause) => {
  console.error(cause);
  process.exit(1);
});
await app.start();
