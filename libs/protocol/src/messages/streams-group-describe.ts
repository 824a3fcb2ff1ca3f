import { api, arrayOf, bool, int16, int32, listOf, nullableStruct, string, struct } from '../schema/index.js';
import { endpoint, keyValue, taskIds, taskOffset, topicInfo } from './streams-group-parts.js';

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
        userEndpoint: nullableStruct(endpoint),
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
