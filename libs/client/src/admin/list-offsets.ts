import { TransientError } from '@millrace/kernel';
import { apis } from '@millrace/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { retrying } from '../cluster/retry.js';
import { mayBeRepeated, throwOnError } from '../errors/broker-errors.js';
import { partitionKey, type TopicPartition } from '../metadata/topic-metadata.js';

/** Which offset of a partition is asked for. */
export interface OffsetQuery extends TopicPartition {
  /** The first offset, the one after the last, or the first of a record with this timestamp or a later one. */
  readonly at: 'earliest' | 'latest' | { readonly timestampMs: number };
  /** With `read_committed`, `latest` is the last stable offset. Default `read_uncommitted`. */
  readonly isolation?: 'read_committed' | 'read_uncommitted';
}

/** The answer to an {@link OffsetQuery}. */
export interface ListedOffset extends TopicPartition {
  /** -1 when no record has such a timestamp. */
  readonly offset: number;
  /** Timestamp of the record found, in milliseconds; -1 unless a timestamp was asked for. */
  readonly timestampMs: number;
}

const EARLIEST_TIMESTAMP = -2;
const LATEST_TIMESTAMP = -1;

/**
 * Asks the leaders for offsets, all at the same time. A request names a partition once (brokers refuse it otherwise), so
 * several questions about one partition go in several requests.
 */
export async function listOffsets(cluster: Cluster, queries: readonly OffsetQuery[]): Promise<ListedOffset[]> {
  const results: (ListedOffset | undefined)[] = queries.map(() => undefined);
  const topics = [...new Set(queries.map(({ topic }) => topic))];
  await retrying(cluster.retryContext(), 'ListOffsets', cluster.settings.requestTimeoutMs, async () => {
    await cluster.knownTopics(topics);
    const open = queries.map((query, index) => ({ query, index })).filter(({ index }) => results[index] === undefined);
    const groups = Map.groupBy(open, ({ query }) => {
      const nodeId = cluster.leaderOf(query.topic, query.partition);
      return `${nodeId}/${query.isolation ?? ''}/${JSON.stringify(query.at)}`;
    });
    // Those without leader fail at once, which does not concern the others.
    const outcomes = await Promise.allSettled([...groups.values()].map((group) => askLeader(cluster, group, results)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed === undefined) return;
    if (mayBeRepeated(failed.reason)) await cluster.refreshMetadata(topics);
    throw failed.reason;
  });
  return results as ListedOffset[];
}

interface IndexedQuery {
  readonly query: OffsetQuery;
  readonly index: number;
}

async function askLeader(
  cluster: Cluster,
  group: IndexedQuery[],
  results: (ListedOffset | undefined)[],
): Promise<void> {
  const first = (group[0] as IndexedQuery).query;
  const byTopic = Map.groupBy(group, ({ query }) => query.topic);
  const asked = Map.groupBy(group, ({ query }) => partitionKey(query.topic, query.partition));
  const response = await cluster.leaderLink(first).request(apis.ListOffsets, {
    replicaId: -1,
    isolationLevel: first.isolation === 'read_committed' ? 1 : 0,
    timeoutMs: cluster.settings.requestTimeoutMs,
    topics: [...byTopic].map(([name, members]) => ({
      name,
      partitions: [...new Set(members.map(({ query }) => query.partition))].map((partitionIndex) => ({
        partitionIndex,
        timestamp: timestampOf(first),
      })),
    })),
  });
  for (const { name, partitions } of response.topics) {
    for (const { partitionIndex, errorCode, offset, timestamp } of partitions) {
      const place = { topic: name, partition: partitionIndex };
      throwOnError(errorCode, `ListOffsets of ${name}-${partitionIndex}`, place);
      for (const { index } of asked.get(partitionKey(name, partitionIndex)) ?? []) {
        results[index] = { ...place, offset, timestampMs: timestamp };
      }
    }
  }
  const missing = group.find(({ index }) => results[index] === undefined);
  if (missing !== undefined) {
    const { topic, partition } = missing.query;
    throw new TransientError('MR_BROKER_RETRIABLE', `ListOffsets was not answered for ${topic}-${partition}`);
  }
}

function timestampOf({ at }: OffsetQuery): number {
  if (at === 'earliest') return EARLIEST_TIMESTAMP;
  return at === 'latest' ? LATEST_TIMESTAMP : at.timestampMs;
}
