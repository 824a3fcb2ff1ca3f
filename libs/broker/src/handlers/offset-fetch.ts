import { type apis, ErrorCodes, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import type { BrokerServices, RequestContext } from './services.js';

type Request = RequestOf<typeof apis.OffsetFetch>;
type TopicQuestion = NonNullable<Request['topics']>[number];

interface PartitionAnswer {
  readonly partitionIndex: number;
  readonly committedOffset: number;
  readonly committedLeaderEpoch: number;
  readonly metadata: string;
  readonly errorCode: number;
}

interface TopicAnswer {
  readonly name: string;
  readonly partitions: PartitionAnswer[];
}

/** From this version on, several groups are asked for at once. */
const MANY_GROUPS_SINCE_VERSION = 8;

/** OffsetFetch: a group's committed offsets; -1 where there is none. */
export function offsetFetch(
  services: BrokerServices,
  request: Request,
  context: RequestContext,
): ResponseDraftOf<typeof apis.OffsetFetch> {
  const { requireStable } = request;
  if (context.apiVersion < MANY_GROUPS_SINCE_VERSION) {
    const topics = answer(services, request.groupId, request.topics, requireStable);
    return { topics, errorCode: ErrorCodes.NONE };
  }
  return {
    groups: request.groups.map(({ groupId, topics }) => ({
      groupId,
      topics: answer(services, groupId, topics, requireStable),
      errorCode: ErrorCodes.NONE,
    })),
  };
}

function answer(
  services: BrokerServices,
  groupId: string,
  topics: readonly TopicQuestion[] | null,
  requireStable: boolean,
): TopicAnswer[] {
  const questions = topics ?? everyTopic(services, groupId);
  return questions.map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((index) => answerOne(services, groupId, name, index, requireStable)),
  }));
}

function everyTopic(services: BrokerServices, groupId: string): TopicQuestion[] {
  const byTopic = Map.groupBy(services.groups.offsets.all(groupId), ([topic]) => topic);
  return [...byTopic].map(([name, rows]) => ({ name, partitionIndexes: rows.map(([, partition]) => partition) }));
}

function answerOne(
  services: BrokerServices,
  groupId: string,
  topic: string,
  partitionIndex: number,
  requireStable: boolean,
): PartitionAnswer {
  const { offsets } = services.groups;
  const isUnstable = requireStable && offsets.isPending(groupId, topic, partitionIndex);
  const row = isUnstable ? undefined : offsets.get(groupId, topic, partitionIndex);
  return {
    partitionIndex,
    committedOffset: row?.[2] ?? -1,
    committedLeaderEpoch: row?.[3] ?? -1,
    metadata: row?.[4] ?? '',
    errorCode: isUnstable ? ErrorCodes.UNSTABLE_OFFSET_COMMIT : ErrorCodes.NONE,
  };
}
