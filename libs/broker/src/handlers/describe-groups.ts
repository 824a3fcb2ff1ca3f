import { type apis, ErrorCodes, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import type { Group } from '../group/group.js';
import { NO_ASSIGNMENT } from '../group/group-member.js';
import type { BrokerServices } from './services.js';

type Answer = ResponseDraftOf<typeof apis.DescribeGroups>;
type GroupAnswer = Answer['groups'][number];

/** DescribeGroups: a group that does not exist is dead. */
export function describeGroups(services: BrokerServices, request: RequestOf<typeof apis.DescribeGroups>): Answer {
  return { groups: request.groups.map((groupId) => describe(groupId, services.groups.group(groupId))) };
}

function describe(groupId: string, group: Group | undefined): GroupAnswer {
  // Before the leader has assigned partitions, there is no choice of protocol to show.
  const isStable = group?.state === 'Stable';
  return {
    errorCode: ErrorCodes.NONE,
    groupId,
    groupState: group?.state ?? 'Dead',
    protocolType: group?.protocolType ?? '',
    protocolData: isStable ? (group.protocolName ?? '') : '',
    members: (group?.members ?? []).map((member) => ({
      memberId: member.id,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: isStable ? member.metadataFor(group.protocolName) : NO_ASSIGNMENT,
      memberAssignment: isStable ? member.assignment : NO_ASSIGNMENT,
    })),
  };
}
