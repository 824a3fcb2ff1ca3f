import { api, arrayOf, bool, int16, int32, int8, listOf, nullableStruct, string, struct } from '../schema/index.js';
import { endpoint, keyValue, taskIds, taskOffset, topicInfo } from './streams-group-parts.js';

const unchanged = { nullable: '0+', default: null } as const;
const topicPartitions = { topic: string(), partitions: listOf(int32()) };

/**
 * All that a member of a streams group says and hears (KIP-1071): joining, its topology, what it owns and is to own, leaving. Null means
 * unchanged since the heartbeat before.
 */
export const StreamsGroupHeartbeat = api({
  key: 88,
  name: 'StreamsGroupHeartbeat',
  versions: '0',
  flexibleFrom: 0,
  request: {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    endpointInformationEpoch: int32(),
    instanceId: string(unchanged),
    rackId: string(unchanged),
    rebalanceTimeoutMs: int32({ default: -1 }),
    topology: nullableStruct({
      epoch: int32(),
      subtopologies: arrayOf({
        subtopologyId: string(),
        sourceTopics: listOf(string()),
        sourceTopicRegex: listOf(string()),
        stateChangelogTopics: arrayOf(topicInfo),
        repartitionSinkTopics: listOf(string()),
        repartitionSourceTopics: arrayOf(topicInfo),
        copartitionGroups: arrayOf({
          sourceTopics: listOf(int16()),
          sourceTopicRegex: listOf(int16()),
          repartitionSourceTopics: listOf(int16()),
        }),
      }),
    }),
    activeTasks: arrayOf(taskIds, unchanged),
    standbyTasks: arrayOf(taskIds, unchanged),
    warmupTasks: arrayOf(taskIds, unchanged),
    processId: string(unchanged),
    userEndpoint: nullableStruct(endpoint),
    clientTags: arrayOf(keyValue, unchanged),
    taskOffsets: arrayOf(taskOffset, unchanged),
    taskEndOffsets: arrayOf(taskOffset, unchanged),
    shutdownApplication: bool({ default: false }),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string(unchanged),
    memberId: string(),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    acceptableRecoveryLag: int32(),
    taskOffsetIntervalMs: int32(),
    status: arrayOf({ statusCode: int8(), statusDetail: string() }, { nullable: '0+' }),
    activeTasks: arrayOf(taskIds, unchanged),
    standbyTasks: arrayOf(taskIds, unchanged),
    warmupTasks: arrayOf(taskIds, unchanged),
    endpointInformationEpoch: int32(),
    partitionsByUserEndpoint: arrayOf(
      {
        userEndpoint: struct(endpoint),
        activePartitions: arrayOf(topicPartitions),
        standbyPartitions: arrayOf(topicPartitions),
      },
      unchanged,
    ),
  },
});
