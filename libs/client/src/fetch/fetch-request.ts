import type { RequestDraftOf, apis } from '@millrace/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { NO_TOPIC_ID } from '../metadata/topic-metadata.js';
import type { FetcherSettings } from './fetch-options.js';
import type { PartitionFetch } from './partition-fetch.js';

/** The first version that names topics by their ids. */
const IDS_SINCE = 13;
const READ_COMMITTED = 1;

/** One fetch of some partitions from their leader, or from the replica that it prefers. */
export interface FetchPlan {
  /** The highest version that fits: without topic ids the last one that takes names. */
  readonly cap: number | undefined;
  readonly body: (version: number) => RequestDraftOf<typeof apis.Fetch>;
}

/** Plans a fetch without a session: each names all of its partitions. */
export function planFetch(
  cluster: Cluster,
  settings: FetcherSettings,
  partitions: readonly PartitionFetch[],
  maxWaitMs: number,
): FetchPlan {
  const topics = [...Map.groupBy(partitions, ({ topic }) => topic)].map(([topic, members]) => ({
    topic,
    topicId: cluster.metadataCache.topic(topic)?.topicId ?? NO_TOPIC_ID,
    partitions: members.map(({ partition, fetchOffset }) => ({
      partition,
      currentLeaderEpoch: cluster.metadataCache.leader(topic, partition)?.leaderEpoch ?? -1,
      fetchOffset,
      partitionMaxBytes: settings.partitionMaxBytes,
    })),
  }));
  const hasIds = topics.every(({ topicId }) => topicId !== NO_TOPIC_ID);
  return {
    cap: hasIds ? undefined : IDS_SINCE - 1,
    body: (version) => ({
      maxWaitMs,
      minBytes: settings.minBytes,
      maxBytes: settings.maxBytes,
      isolationLevel: settings.isolation === 'read_committed' ? READ_COMMITTED : 0,
      topics: topics.map(({ topic, topicId, partitions: members }) =>
        version >= IDS_SINCE ? { topicId, partitions: members } : { topic, partitions: members },
      ),
      forgottenTopicsData: [],
      rackId: cluster.settings.rack,
    }),
  };
}
