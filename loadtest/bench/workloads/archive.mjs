import { S3ObjectStore, readArchive } from '@millrace/archive';
import { Digest } from '../harness/digest.mjs';
import { SINK_COLUMNS, drainToSink } from '../harness/drain.mjs';
import { ARCHIVE_PREFIX } from './archive-columns.mjs';
import { eventOf, eventRecords, PARTITIONS, rowBytes } from './events.mjs';

/** Writes the events as Parquet objects of an S3 store, with a manifest that tiles the offsets. */
export const archive = {
  name: 'archive',
  partitions: PARTITIONS,
  defaults: { records: 1_000_000 },
  services: ['s3'],
  async prepare(cluster, { records, bytes }) {
    await cluster.createTopic('events', PARTITIONS);
    await cluster.fill('events', eventRecords(records, bytes));
    const expected = new Digest();
    for (let n = 0; n < records; n++) expected.add(Buffer.from(eventOf(n).user), rowBytes(eventOf(n)));
    return { expected: String(expected), committedTopics: ['events'], totalRecords: records };
  },
  async measure(run) {
    await run.services.s3.createBucket(bucketOf(run.work));
    return drainToSink(run);
  },
  async answer({ work }) {
    const { endpoint, credentials } = work.services.s3;
    const store = new S3ObjectStore({ endpoint, credentials, bucket: bucketOf(work) });
    const digest = new Digest();
    for await (const { rows, columns } of readArchive(store, ARCHIVE_PREFIX)) {
      const [id, user, amount, page] = ['id', 'user', 'amount', 'page'].map((name) => columns.get(name));
      for (let row = 0; row < rows; row++) {
        digest.add(Buffer.from(user[row]), rowBytes({ id: id[row], amount: amount[row], page: page[row] }));
      }
    }
    store.close();
    return String(digest);
  },
  columns: SINK_COLUMNS,
  ratios: ['eventsPerCpuSecond'],
};

function bucketOf({ applicationId, services }) {
  return `${services.s3.bucket}-${applicationId}`;
}
