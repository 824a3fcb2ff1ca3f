import { ErrorCodes } from '@millrace/protocol';
import type { Group } from './group.js';
import type { JoinAnswer } from './group-member.js';

/** The answer to a member of the present generation; the leader's lists everyone. */
export function joinAnswer(group: Group, memberId: string): JoinAnswer {
  return {
    errorCode: ErrorCodes.NONE,
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leader: group.leaderId ?? '',
    memberId,
    members: group.isLeader(memberId) ? membersForLeader(group) : [],
  };
}

/** What the leader needs to assign partitions. */
export function membersForLeader(group: Group): JoinAnswer['members'] {
  return group.members.map((member) => ({
    memberId: member.id,
    groupInstanceId: member.instanceId,
    metadata: member.metadataFor(group.protocolName),
  }));
}

export function failedJoin(errorCode: number, memberId: string): JoinAnswer {
  return { errorCode, protocolName: null, leader: '', memberId, members: [] };
}
