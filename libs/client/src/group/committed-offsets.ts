import { TransientError } from '@millrace/kernel';
import { apis, type RequestDraftOf, type ResponseOf } from '@millrace/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { retrying } from '../cluster/retry.js';
import { throwOnError } from '../errors/broker-errors.js';
import { partitionKey, type TopicPartition } from '../metadata/topic-metadata.js';

/** What a group has committed for a partition. */
export interface CommittedOffset extends TopicPartition {
  /** Offset of the next record to be read; `undefined` when nothing is committed. */
  readonly offset: number | undefined;
  readonly leaderEpoch: number;
  readonly metadata: string;
}

interface AnsweredPartition {
  readonly partitionIndex: number;
  readonly committedOffset: number;
  readonly committedLeaderEpoch: number;
  readonly metadata: string | null;
  readonly errorCode: number;
}

/** First version whose answer may hold back offsets of open transactions. */
const STABLE_SINCE = 7;
/** First version with several groups in a request. */
const MANY_GROUPS_SINCE = 8;
/** The last version that names topics; the next one needs their ids. */
const LAST_WITH_NAMES = 9;

/**
 * Offsets that a group has committed, in the order asked for.
 *
 * Always asks for stable offsets (KIP-447): while a transaction that commits offsets of a partition is open, the answer is
 * awaited, so that a new owner never starts from the offset before it.
 *
 * @throws {TransientError} (retry) `MR_BROKER_RETRIABLE` (UNSTABLE_OFFSET_COMMIT) when that takes longer than `timeoutMs`.
 */
export async function committedOffsets(
  cluster: Cluster,
  groupId: string,
  partitions: readonly TopicPartition[],
  options: { readonly timeoutMs?: number } = {},
): Promise<CommittedOffset[]> {
  const timeoutMs = options.timeoutMs ?? cluster.settings.requestTimeoutMs;
  if (partitions.length === 0) return [];
  return retrying(cluster.retryContext(), `OffsetFetch of group '${groupId}'`, timeoutMs, async () => {
    const response = await cluster.coordinators.request(
      'group',
      groupId,
      'control',
      apis.OffsetFetch,
      (version) => offsetFetchRequest(version, groupId, partitions),
      (answer) => [answer.errorCode, ...answer.groups.map(({ errorCode }) => errorCode)],
      { cap: LAST_WITH_NAMES },
    );
    return readAnswer(response, groupId, partitions);
  });
}

function offsetFetchRequest(
  version: number,
  groupId: string,
  partitions: readonly TopicPartition[],
): RequestDraftOf<typeof apis.OffsetFetch> {
  const topics = [...Map.groupBy(partitions, ({ topic }) => topic)].map(([name, members]) => ({
    name,
    partitionIndexes: members.map(({ partition }) => partition),
  }));
  return version >= MANY_GROUPS_SINCE
    ? { groups: [{ groupId, topics }], requireStable: true }
    : { groupId, topics, ...(version >= STABLE_SINCE && { requireStable: true }) };
}

function readAnswer(
  response: ResponseOf<typeof apis.OffsetFetch>,
  groupId: string,
  partitions: readonly TopicPartition[],
): CommittedOffset[] {
  const answered = response.groups[0] ?? response;
  throwOnError(answered.errorCode, `OffsetFetch of group '${groupId}'`);
  const found = new Map<string, AnsweredPartition>();
  for (const { name, partitions: members } of answered.topics) {
    for (const member of members) found.set(partitionKey(name, member.partitionIndex), member);
  }
  return partitions.map(({ topic, partition }) => {
    const place = { topic, partition };
    const member = found.get(partitionKey(topic, partition));
    const what = `OffsetFetch of group '${groupId}' for ${topic}-${partition}`;
    if (member === undefined) throw new TransientError('MR_BROKER_RETRIABLE', `${what} was not answered`, { place });
    throwOnError(member.errorCode, what, place);
    const offset = member.committedOffset < 0 ? undefined : member.committedOffset;
    return { ...place, offset, leaderEpoch: member.committedLeaderEpoch, metadata: member.metadata ?? '' };
  });
}
