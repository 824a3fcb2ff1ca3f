import { apis } from '@millrace/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { retrying } from '../cluster/retry.js';
import { throwOnError } from '../errors/broker-errors.js';
import type { OffsetToCommit } from '../transaction/transactional-offsets.js';
import type { GroupMetadata } from './group-metadata.js';

/** The last version that names topics; the next one needs their ids. */
const LAST_WITH_NAMES = 9;
/** The first version that can fence a static member. */
const INSTANCE_ID_SINCE = 7;

/** Commits offsets outside of any transaction, fenced by the generation of the member. */
export async function commitGroupOffsets(
  cluster: Cluster,
  group: GroupMetadata,
  offsets: readonly OffsetToCommit[],
): Promise<void> {
  if (offsets.length === 0) return;
  const { groupId, generationId, memberId, instanceId = null } = group;
  const what = `OffsetCommit of group '${groupId}'`;
  const topics = [...Map.groupBy(offsets, ({ topic }) => topic)].map(([name, members]) => ({
    name,
    partitions: members.map(({ partition, offset, leaderEpoch = -1, metadata = '' }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: leaderEpoch,
      committedMetadata: metadata,
    })),
  }));
  await retrying(cluster.retryContext(), what, cluster.settings.requestTimeoutMs, async () => {
    const response = await cluster.coordinators.request(
      'group',
      groupId,
      'control',
      apis.OffsetCommit,
      (version) => ({
        groupId,
        generationIdOrMemberEpoch: generationId,
        memberId,
        ...(version >= INSTANCE_ID_SINCE && { groupInstanceId: instanceId }),
        topics,
      }),
      (answer) => answer.topics.flatMap((topic) => topic.partitions.map(({ errorCode }) => errorCode)),
      { cap: LAST_WITH_NAMES },
    );
    for (const { name, partitions } of response.topics) {
      for (const { partitionIndex, errorCode } of partitions) {
        throwOnError(errorCode, what, { topic: name, partition: partitionIndex });
      }
    }
  });
}
