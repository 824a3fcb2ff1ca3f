import { type apis, ErrorCodes, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import type { BrokerServices, RequestContext } from './services.js';

/** From this version on, several members leave at once, and each has an error code of its own (KIP-345). */
const MANY_MEMBERS_SINCE_VERSION = 3;

/** LeaveGroup: members go without waiting for their sessions to expire. */
export function leaveGroup(
  services: BrokerServices,
  request: RequestOf<typeof apis.LeaveGroup>,
  context: RequestContext,
): ResponseDraftOf<typeof apis.LeaveGroup> {
  const { groupId, memberId } = request;
  if (context.apiVersion < MANY_MEMBERS_SINCE_VERSION) {
    const [errorCode] = services.groups.leave(groupId, [{ memberId, groupInstanceId: null }]);
    return { errorCode: errorCode ?? ErrorCodes.NONE };
  }
  const errorCodes = services.groups.leave(groupId, request.members);
  return {
    errorCode: ErrorCodes.NONE,
    members: request.members.map((member, index) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      errorCode: errorCodes[index] ?? ErrorCodes.NONE,
    })),
  };
}
