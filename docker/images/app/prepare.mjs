/**
 * Creates what the apps expect to find, where it is missing: the topics of all contracts with their dead-letter topics, and the
 * archive's bucket. Compose runs it once before the apps.
 *
 * MILLRACE_BROKERS names the brokers, MILLRACE_PARTITIONS the partitions of a topic (default 6); the bucket is made only with
 * MILLRACE_ARCHIVE_S3_BUCKET.
 */
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { Admin, Cluster, TcpDialer } from '@millrace/client';
import { allContracts, deadLettersOf } from '@millrace/schemas';

const { env } = process;
const partitions = Number(env.MILLRACE_PARTITIONS ?? 6);

const cluster = new Cluster({
  bootstrap: env.MILLRACE_BROKERS.split(','),
  clientId: 'prepare',
  dialer: new TcpDialer(),
});
await cluster.start();
try {
  const contracts = allContracts();
  const topics = [...contracts, ...contracts.map(deadLettersOf)].map(({ name, creation }) => ({
    name,
    // A global table is read whole by every task: one partition, however many the others have.
    partitions: creation.partitions === 1 ? 1 : partitions,
    configs: creation.configs,
  }));
  await new Admin(cluster).createTopics(topics);
  console.log(`topics: ${topics.map(({ name }) => name).join(', ')}`);
} finally {
  await cluster.stop();
}

const bucket = env.MILLRACE_ARCHIVE_S3_BUCKET;
if (bucket !== undefined) {
  const region = env.MILLRACE_ARCHIVE_S3_REGION ?? 'us-east-1';
  const s3 = new S3Client({ region, endpoint: env.MILLRACE_ARCHIVE_S3_ENDPOINT, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: bucket })).catch((error) => {
    if (!['BucketAlreadyOwnedByYou', 'BucketAlreadyExists'].includes(error.name)) throw error;
  });
  s3.destroy();
  console.log(`bucket: ${bucket}`);
}
