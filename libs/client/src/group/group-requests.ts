import { ErrorCodes, apis, consumerProtocol } from '@millrace/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { throwOnError } from '../errors/broker-errors.js';
import type { TopicPartition } from '../metadata/topic-metadata.js';
import type { Assignor, AssignorMember, AssignedShare } from './assignors/assignor.js';
import type { GroupTimes } from './group-options.js';

/** What every request about a group needs. */
export interface GroupContext {
  readonly cluster: Cluster;
  readonly purpose: string;
  readonly groupId: string;
  readonly instanceId: string | undefined;
  readonly times: GroupTimes;
}

/** What a member says of itself when it joins. */
export interface Joining {
  /** Empty for a newcomer. */
  readonly memberId: string;
  readonly topics: readonly string[];
  readonly assignors: readonly Assignor[];
  readonly userData: Buffer | null;
  readonly owned: readonly TopicPartition[];
  /** Generation in which it came to own them. */
  readonly generationId: number;
  readonly reason: string;
}

/** A member's place in a new generation. */
export interface Joined {
  readonly generationId: number;
  readonly memberId: string;
  readonly assignor: string;
  /** All members, for the leader; `undefined` for the others. */
  readonly members: readonly AssignorMember[] | undefined;
  /** The leader is to assign nothing, as a static member that comes back to a group that goes on as it is (KIP-814). */
  readonly keepsAssignment: boolean;
}

/** Where a newcomer stands after the first half of joining: it has been given an id to join with (KIP-394). */
export interface MemberIdGiven {
  readonly givenMemberId: string;
}

const PROTOCOL_TYPE = 'consumer';
/** How much longer than the rebalance itself its answer may take. */
const REBALANCE_SLACK_MS = 5_000;

/** Joins the group; waits until all of its members have, or the rebalance timeout has passed. */
export async function joinGroup(context: GroupContext, joining: Joining): Promise<Joined | MemberIdGiven> {
  const { cluster, purpose, groupId, instanceId = null, times } = context;
  const metadata = consumerProtocol.encodeSubscription({
    topics: joining.topics,
    userData: joining.userData,
    ownedPartitions: byTopic(joining.owned),
    generationId: joining.generationId,
  });
  const response = await cluster.coordinators.request(
    'group',
    groupId,
    purpose,
    apis.JoinGroup,
    {
      groupId,
      sessionTimeoutMs: times.sessionTimeoutMs,
      rebalanceTimeoutMs: times.rebalanceTimeoutMs,
      memberId: joining.memberId,
      groupInstanceId: instanceId,
      protocolType: PROTOCOL_TYPE,
      protocols: joining.assignors.map(({ name }) => ({ name, metadata })),
      reason: joining.reason,
    },
    ({ errorCode }) => [errorCode],
    { timeoutMs: rebalanceTimeoutMs(context) },
  );
  if (response.errorCode === ErrorCodes.MEMBER_ID_REQUIRED) return { givenMemberId: response.memberId };
  throwOnError(response.errorCode, `JoinGroup of '${groupId}'`);
  const leads = response.leader === response.memberId;
  return {
    generationId: response.generationId,
    memberId: response.memberId,
    assignor: response.protocolName ?? '',
    members: leads ? response.members.map(readMember) : undefined,
    keepsAssignment: response.skipAssignment,
  };
}

/** Tells the others' shares, when the member leads, and learns its own. */
export async function syncGroup(
  context: GroupContext,
  joined: Joined,
  shares: ReadonlyMap<string, AssignedShare>,
): Promise<AssignedShare> {
  const { cluster, purpose, groupId, instanceId = null } = context;
  const response = await cluster.coordinators.request(
    'group',
    groupId,
    purpose,
    apis.SyncGroup,
    {
      groupId,
      generationId: joined.generationId,
      memberId: joined.memberId,
      groupInstanceId: instanceId,
      protocolType: PROTOCOL_TYPE,
      protocolName: joined.assignor,
      assignments: [...shares].map(([memberId, { partitions, userData = null }]) => ({
        memberId,
        assignment: consumerProtocol.encodeAssignment({ assignedPartitions: byTopic(partitions), userData }),
      })),
    },
    ({ errorCode }) => [errorCode],
    { timeoutMs: rebalanceTimeoutMs(context) },
  );
  throwOnError(response.errorCode, `SyncGroup of '${groupId}'`);
  if (response.assignment.length === 0) return { partitions: [] };
  const { assignedPartitions, userData } = consumerProtocol.decodeAssignment(response.assignment);
  return { partitions: flat(assignedPartitions), ...(userData !== null && { userData }) };
}

/** One heartbeat. @returns the error code of the answer. */
export async function heartbeat(context: GroupContext, generationId: number, memberId: string): Promise<number> {
  const { cluster, purpose, groupId, instanceId = null, times } = context;
  const response = await cluster.coordinators.request(
    'group',
    groupId,
    `${purpose}-heartbeat`,
    apis.Heartbeat,
    { groupId, generationId, memberId, groupInstanceId: instanceId },
    ({ errorCode }) => [errorCode],
    { timeoutMs: Math.min(cluster.settings.requestTimeoutMs, times.sessionTimeoutMs) },
  );
  return response.errorCode;
}

/** Leaves the group, so that the others need not wait for the session to end. */
export async function leaveGroup(context: GroupContext, memberId: string): Promise<void> {
  const { cluster, groupId } = context;
  const response = await cluster.coordinators.request(
    'group',
    groupId,
    'control',
    apis.LeaveGroup,
    (version) => (version >= 3 ? { groupId, members: [{ memberId }] } : { groupId, memberId }),
    ({ errorCode }) => [errorCode],
  );
  throwOnError(response.members[0]?.errorCode ?? response.errorCode, `LeaveGroup of '${groupId}'`);
}

function rebalanceTimeoutMs({ times, cluster }: GroupContext): number {
  return Math.max(cluster.settings.requestTimeoutMs, times.rebalanceTimeoutMs + REBALANCE_SLACK_MS);
}

function readMember(member: {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly metadata: Buffer;
}): AssignorMember {
  const { topics, userData, ownedPartitions, generationId } = consumerProtocol.decodeSubscription(member.metadata);
  return {
    memberId: member.memberId,
    ...(member.groupInstanceId !== null && { instanceId: member.groupInstanceId }),
    topics,
    userData,
    ownedPartitions: flat(ownedPartitions),
    generationId,
  };
}

function byTopic(partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  return [...Map.groupBy(partitions, ({ topic }) => topic)].map(([topic, members]) => ({
    topic,
    partitions: members.map(({ partition }) => partition),
  }));
}

function flat(topics: readonly { topic: string; partitions: readonly number[] }[]): TopicPartition[] {
  return topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));
}
