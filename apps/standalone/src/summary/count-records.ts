import { Admin, CommittedRecords, Fetcher, type Cluster } from '@millrace/client';

const POLL_MS = 1_000;

/** Counts the committed records of topics by reading them: offsets alone would count transaction markers too. */
export async function countRecords(cluster: Cluster, topicNames: readonly string[]): Promise<Record<string, number>> {
  const counts = Object.fromEntries(topicNames.map((name) => [name, 0]));
  const metadata = await cluster.metadata(topicNames);
  const places = metadata.flatMap(({ name, partitions }) =>
    partitions.map(({ partition }) => ({ topic: name, partition })),
  );
  const ends = await new Admin(cluster).listOffsets(
    places.map((place) => ({ ...place, at: 'latest', isolation: 'read_committed' })),
  );
  const unread = ends.filter(({ offset }) => offset > 0);
  const fetcher = new Fetcher(cluster, { isolation: 'read_committed' });
  await fetcher.start();
  try {
    fetcher.assign(unread.map(({ topic, partition }) => ({ topic, partition, offset: 0 })));
    const records = new CommittedRecords();
    while (unread.some((end) => (fetcher.position(end) ?? 0) < end.offset)) {
      for (const batch of await fetcher.poll(POLL_MS)) {
        records.reset(batch);
        while (records.nextRecord()) counts[batch.topic] = (counts[batch.topic] ?? 0) + 1;
      }
    }
  } finally {
    await fetcher.stop();
  }
  return counts;
}
