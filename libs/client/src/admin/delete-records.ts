import { apis } from '@millrace/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { retrying } from '../cluster/retry.js';
import { mayBeRepeated, throwOnError } from '../errors/broker-errors.js';
import type { TopicPartition } from '../metadata/topic-metadata.js';

/** Records of a partition to be deleted. */
export interface RecordsToDelete extends TopicPartition {
  /** Those before it are deleted. */
  readonly beforeOffset: number;
}

/**
 * Asks the leaders to delete records, all at the same time. May be repeated: what is deleted already stays so.
 *
 * @throws the first failure, after all leaders have answered; the others have deleted what they were asked to.
 */
export async function deleteRecords(
  cluster: Cluster,
  places: readonly RecordsToDelete[],
  timeoutMs: number,
): Promise<void> {
  if (places.length === 0) return;
  const topics = [...new Set(places.map(({ topic }) => topic))];
  let open = places;
  await retrying(cluster.retryContext(), 'DeleteRecords', timeoutMs, async () => {
    await cluster.knownTopics(topics);
    const groups = [...Map.groupBy(open, ({ topic, partition }) => cluster.leaderOf(topic, partition))];
    // Those without leader fail at once, which does not concern the others.
    const outcomes = await Promise.allSettled(groups.map(([, group]) => askLeader(cluster, group, timeoutMs)));
    open = groups.flatMap(([, group], nth) => (outcomes[nth]?.status === 'rejected' ? group : []));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed === undefined) return;
    if (mayBeRepeated(failed.reason)) await cluster.refreshMetadata(topics);
    throw failed.reason;
  });
}

async function askLeader(cluster: Cluster, group: readonly RecordsToDelete[], timeoutMs: number): Promise<void> {
  const response = await cluster.leaderLink(group[0] as RecordsToDelete).request(apis.DeleteRecords, {
    timeoutMs,
    topics: [...Map.groupBy(group, ({ topic }) => topic)].map(([name, members]) => ({
      name,
      partitions: members.map(({ partition, beforeOffset }) => ({ partitionIndex: partition, offset: beforeOffset })),
    })),
  });
  for (const { name, partitions } of response.topics) {
    for (const { partitionIndex, errorCode } of partitions) {
      const place = { topic: name, partition: partitionIndex };
      throwOnError(errorCode, `DeleteRecords of ${name}-${partitionIndex}`, place);
    }
  }
}
