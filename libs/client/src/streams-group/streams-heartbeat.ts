import { FatalError, TaskError, type MillraceError } from '@millrace/kernel';
import { ErrorCodes, apis, errorName, type RequestDraftOf, type ResponseOf } from '@millrace/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { brokerError } from '../errors/broker-errors.js';
import type { StreamsGroupMemberOptions, StreamsSubtopology } from './streams-group-options.js';

export type HeartbeatDraft = RequestDraftOf<typeof apis.StreamsGroupHeartbeat>;
export type HeartbeatAnswer = ResponseOf<typeof apis.StreamsGroupHeartbeat>;

/** The epoch that says: I join, I leave. */
export const JOINING_EPOCH = 0;
export const LEAVING_EPOCH = -1;

/** The epoch of a topology: members whose topologies differ do not come together in one group, so there is only one. */
const TOPOLOGY_EPOCH = 0;
const DEFAULT_REBALANCE_TIMEOUT_MS = 300_000;

const MEMBERSHIP_OVER: ReadonlySet<number> = new Set([ErrorCodes.UNKNOWN_MEMBER_ID, ErrorCodes.FENCED_MEMBER_EPOCH]);

const REMEDIES: ReadonlyMap<number, string> = new Map([
  [
    ErrorCodes.STREAMS_INVALID_TOPOLOGY,
    'a group runs one topology at a time: stop all members that run another one, then start',
  ],
  [ErrorCodes.STREAMS_TOPOLOGY_FENCED, 'the group runs a newer topology: deploy that one'],
  [
    ErrorCodes.GROUP_ID_NOT_FOUND,
    'members of another protocol are in the group: stop them all, then start with this one',
  ],
]);

/** What a status of the group asks of its members. */
export const STREAMS_STATUS = {
  STALE_TOPOLOGY: 0,
  MISSING_SOURCE_TOPICS: 1,
  INCORRECTLY_PARTITIONED_TOPICS: 2,
  MISSING_INTERNAL_TOPICS: 3,
  SHUTDOWN_APPLICATION: 4,
  ASSIGNMENT_DELAYED: 5,
} as const;

const FATAL_STATUS: ReadonlyMap<number, string> = new Map([
  [STREAMS_STATUS.STALE_TOPOLOGY, 'the group runs a newer topology than this member: deploy that one'],
  [STREAMS_STATUS.MISSING_SOURCE_TOPICS, 'topics that are read do not exist: create them'],
  [STREAMS_STATUS.INCORRECTLY_PARTITIONED_TOPICS, 'topics have not the partitions that the topology needs'],
  [STREAMS_STATUS.SHUTDOWN_APPLICATION, 'a member has asked the whole application to end'],
]);

/** What a member says of itself when it joins, and only then. */
export function joiningFields(options: StreamsGroupMemberOptions): Partial<HeartbeatDraft> {
  return {
    processId: options.processId,
    rackId: options.rack ?? null,
    rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? DEFAULT_REBALANCE_TIMEOUT_MS,
    clientTags: [],
    topology: { epoch: TOPOLOGY_EPOCH, subtopologies: options.subtopologies.map(describeSubtopology) },
  };
}

/** One heartbeat. @throws what {@link heartbeatError} makes of its error, or what became of the connection. */
export async function streamsHeartbeat(
  cluster: Cluster,
  purpose: string,
  draft: HeartbeatDraft,
): Promise<HeartbeatAnswer> {
  const response = await cluster.coordinators.request(
    'group',
    draft.groupId,
    purpose,
    apis.StreamsGroupHeartbeat,
    draft,
    ({ errorCode }) => [errorCode],
  );
  if (response.errorCode !== ErrorCodes.NONE) throw heartbeatError(draft.groupId, response);
  return response;
}

/** Whether the member must join anew, as nobody. */
export function isMembershipOver(error: unknown): boolean {
  return error instanceof TaskError && error.code === 'MR_GROUP_REBALANCED';
}

/** The error behind a status that no member can go on with; `undefined` when there is none. */
export function fatalStatus(groupId: string, { status }: HeartbeatAnswer): FatalError | undefined {
  for (const { statusCode, statusDetail } of status ?? []) {
    const meaning = FATAL_STATUS.get(statusCode);
    if (meaning === undefined) continue;
    const detail = statusDetail === '' ? '' : ` (${statusDetail})`;
    return new FatalError('MR_BROKER_REFUSED', `streams group '${groupId}': ${meaning}${detail}`);
  }
  return undefined;
}

/** Whether all that is fatal in a status may pass by itself: a coordinator may hear later of topics that have just been created. */
export function mayPass({ status }: HeartbeatAnswer): boolean {
  return (status ?? []).every(
    ({ statusCode }) => statusCode === STREAMS_STATUS.MISSING_SOURCE_TOPICS || !FATAL_STATUS.has(statusCode),
  );
}

function heartbeatError(groupId: string, { errorCode, errorMessage }: HeartbeatAnswer): MillraceError {
  const what = `StreamsGroupHeartbeat of '${groupId}'`;
  const details = [REMEDIES.get(errorCode), errorMessage].filter((text) => text !== undefined && text !== null);
  if (!MEMBERSHIP_OVER.has(errorCode)) return brokerError(errorCode, what, {}, details.join('; '));
  const kafkaError = errorName(errorCode);
  return new TaskError('MR_GROUP_REBALANCED', `${what} was answered with ${kafkaError}`, { place: { kafkaError } });
}

function describeSubtopology({ id, sourceTopics, changelogs, copartitionGroups }: StreamsSubtopology) {
  return {
    subtopologyId: id,
    sourceTopics: [...sourceTopics],
    sourceTopicRegex: [],
    stateChangelogTopics: changelogs.map(({ name, configs }) => ({
      // Counts of changelogs follow from those of the source topics; copies are as the broker's default says.
      ...{ name, partitions: 0, replicationFactor: 0 },
      topicConfigs: Object.entries(configs).map(([key, value]) => ({ key, value })),
    })),
    repartitionSinkTopics: [],
    repartitionSourceTopics: [],
    copartitionGroups: copartitionGroups.map((group) => ({
      sourceTopics: group.map((topic) => sourceTopics.indexOf(topic)),
      sourceTopicRegex: [],
      repartitionSourceTopics: [],
    })),
  };
}
