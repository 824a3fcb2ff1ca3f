import {
  api,
  arrayOf,
  bool,
  int16,
  int32,
  int64,
  listOf,
  nullableStruct,
  string,
  struct,
  uint16,
} from '../schema/index.js';

const keyValue = { key: string(), value: string() };
const topicInfo = {
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: arrayOf(keyValue),
};
const taskIds = { subtopologyId: string(), partitions: listOf(int32()) };
const taskOffset = { subtopologyId: string(), partition: int32(), offset: int64() };
const assignment = {
  activeTasks: arrayOf(taskIds),
  standbyTasks: arrayOf(taskIds),
  warmupTasks: arrayOf(taskIds),
};
const optional = { nullable: '0+', default: null } as const;

/** State, topology and members of streams groups, with the tasks that each member has and is to have (KIP-1071). */
export const StreamsGroupDescribe = api({
  key: 89,
  name: 'StreamsGroupDescribe',
  versions: '0',
  flexibleFrom: 0,
  request: { groupIds: listOf(string()), includeAuthorizedOperations: bool() },
  response: {
    throttleTimeMs: int32(),
    groups: arrayOf({
      errorCode: int16(),
      errorMessage: string(optional),
      groupId: string(),
      groupState: string(),
      groupEpoch: int32(),
      assignmentEpoch: int32(),
      topology: nullableStruct({
        epoch: int32(),
        subtopologies: arrayOf(
          {
            subtopologyId: string(),
            sourceTopics: listOf(string()),
            repartitionSinkTopics: listOf(string()),
            stateChangelogTopics: arrayOf(topicInfo),
            repartitionSourceTopics: arrayOf(topicInfo),
          },
          optional,
        ),
      }),
      members: arrayOf({
        memberId: string(),
        memberEpoch: int32(),
        instanceId: string(optional),
        rackId: string(optional),
        clientId: string(),
        clientHost: string(),
        topologyEpoch: int32(),
        processId: string(),
        userEndpoint: nullableStruct({ host: string(), port: uint16() }),
        clientTags: arrayOf(keyValue),
        taskOffsets: arrayOf(taskOffset),
        taskEndOffsets: arrayOf(taskOffset),
        assignment: struct(assignment),
        targetAssignment: struct(assignment),
        isClassic: bool(),
      }),
      authorizedOperations: int32({ default: -2147483648 }),
    }),
  },
});
