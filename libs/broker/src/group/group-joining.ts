/** Who may join a group, and what the join sets off (Kafka's JoinGroup, with KIP-345 static members and KIP-394 member ids). */
import type { Random } from '@millrace/kernel';
import { ErrorCodes, type RequestOf, type apis } from '@millrace/protocol';
import { dashed, randomUuid } from '../topics/identifiers.js';
import type { Group } from './group.js';
import { GroupMember, type JoinAnswer, type MemberDescription } from './group-member.js';
import { failedJoin, joinAnswer, membersForLeader } from './join-answers.js';
import type { Rebalancer } from './rebalancer.js';

/** From this version of JoinGroup on, a new member gets its id first and joins with it. */
const MEMBER_ID_REQUIRED_SINCE_VERSION = 4;
/** From this version on, a static leader that comes back to a stable group is told not to assign again (KIP-814). */
const SKIP_ASSIGNMENT_SINCE_VERSION = 9;

export interface JoinRequest {
  readonly body: RequestOf<typeof apis.JoinGroup>;
  readonly apiVersion: number;
  readonly clientId: string;
  readonly clientHost: string;
}

type Answer = JoinAnswer | Promise<JoinAnswer>;

export class GroupJoining {
  readonly #random: Random;
  readonly #rebalancer: Rebalancer;

  constructor(random: Random, rebalancer: Rebalancer) {
    this.#random = random;
    this.#rebalancer = rebalancer;
  }

  /** Joins without a member id. */
  joinNew(group: Group, request: JoinRequest): Answer {
    const description = describe(request);
    const { instanceId } = description;
    if (!group.supportsProtocols(description.protocolType, description.protocols)) {
      return failedJoin(ErrorCodes.INCONSISTENT_GROUP_PROTOCOL, '');
    }
    const memberId = `${instanceId ?? description.clientId}-${dashed(randomUuid(this.#random))}`;
    if (instanceId !== null && group.staticMemberId(instanceId) !== undefined) {
      return this.#replaceStatic(group, instanceId, memberId, request, description);
    }
    if (instanceId === null && request.apiVersion >= MEMBER_ID_REQUIRED_SINCE_VERSION) {
      this.#rebalancer.awaitPending(group, memberId, description.sessionTimeoutMs);
      return failedJoin(ErrorCodes.MEMBER_ID_REQUIRED, memberId);
    }
    return this.#add(group, memberId, description);
  }

  /** Joins, or joins again, with a member id. */
  joinKnown(group: Group, request: JoinRequest): Answer {
    const description = describe(request);
    const { memberId } = request.body;
    if (!group.supportsProtocols(description.protocolType, description.protocols)) {
      return failedJoin(ErrorCodes.INCONSISTENT_GROUP_PROTOCOL, memberId);
    }
    if (group.pendingMembers.has(memberId) && description.instanceId === null) {
      return this.#add(group, memberId, description);
    }
    const errorCode = group.memberError(memberId, description.instanceId);
    const member = group.member(memberId);
    if (errorCode !== ErrorCodes.NONE || member === undefined) return failedJoin(errorCode, memberId);
    switch (group.state) {
      case 'PreparingRebalance':
        return this.#rejoin(group, member, description, `member ${memberId} joins`);
      case 'CompletingRebalance':
        // The same metadata again means that the first answer got lost.
        if (member.matches(description.protocols)) return joinAnswer(group, memberId);
        return this.#rejoin(group, member, description, `member ${memberId} changed its metadata`);
      case 'Stable':
        // The leader may have seen a change that its metadata does not show, such as more partitions.
        if (group.isLeader(memberId)) return this.#rejoin(group, member, description, `leader ${memberId} joins again`);
        if (member.matches(description.protocols)) return joinAnswer(group, memberId);
        return this.#rejoin(group, member, description, `member ${memberId} changed its metadata`);
      case 'Empty':
      case 'Dead':
        return failedJoin(ErrorCodes.UNKNOWN_MEMBER_ID, memberId);
    }
  }

  #add(group: Group, memberId: string, description: MemberDescription): Promise<JoinAnswer> {
    const member = new GroupMember(memberId, description);
    if (group.state === 'PreparingRebalance' && group.previousState === 'Empty') group.newMemberAdded = true;
    group.add(member);
    const answer = parked(member);
    this.#rebalancer.keepAlive(group, member);
    this.#rebalancer.rebalanceOrComplete(group, `member ${memberId} joins`);
    return answer;
  }

  #rejoin(group: Group, member: GroupMember, description: MemberDescription, reason: string): Promise<JoinAnswer> {
    member.update(description);
    const answer = parked(member);
    this.#rebalancer.rebalanceOrComplete(group, reason);
    return answer;
  }

  #replaceStatic(
    group: Group,
    instanceId: string,
    memberId: string,
    request: JoinRequest,
    description: MemberDescription,
  ): Answer {
    const formerLeader = group.leaderId;
    const member = group.replaceStaticMember(instanceId, memberId);
    member.update(description);
    if (group.state === 'Stable' && group.protocolName === group.selectProtocol()) {
      this.#rebalancer.keepAlive(group, member);
      return comeBackAnswer(group, memberId, formerLeader, request.apiVersion);
    }
    const answer = parked(member);
    this.#rebalancer.keepAlive(group, member);
    this.#rebalancer.rebalanceOrComplete(group, `static member ${instanceId} joins again`);
    return answer;
  }
}

/**
 * The answer to a static member that comes back to a stable group, which is not rebalanced for it. A leader that cannot be
 * told to skip the assignment gets its own former id as the leader's, so that it does not take itself for the leader.
 */
function comeBackAnswer(group: Group, memberId: string, formerLeader: string | null, apiVersion: number): JoinAnswer {
  const answer = { ...joinAnswer(group, memberId), members: [] };
  if (apiVersion < SKIP_ASSIGNMENT_SINCE_VERSION) return { ...answer, leader: formerLeader ?? '' };
  if (!group.isLeader(memberId)) return answer;
  return { ...answer, skipAssignment: true, members: membersForLeader(group) };
}

function parked(member: GroupMember): Promise<JoinAnswer> {
  return new Promise((resolve) => member.parkJoin(resolve));
}

function describe(request: JoinRequest): MemberDescription {
  const { body } = request;
  return {
    instanceId: body.groupInstanceId,
    clientId: request.clientId,
    clientHost: request.clientHost,
    // Version 0 has no rebalance timeout of its own.
    rebalanceTimeoutMs: body.rebalanceTimeoutMs === -1 ? body.sessionTimeoutMs : body.rebalanceTimeoutMs,
    sessionTimeoutMs: body.sessionTimeoutMs,
    protocolType: body.protocolType,
    protocols: body.protocols,
  };
}
