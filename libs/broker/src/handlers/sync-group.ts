import { ErrorCodes, type apis, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import { NO_ASSIGNMENT } from '../group/group-member.js';
import type { BrokerServices, RequestContext } from './services.js';

type Answer = ResponseDraftOf<typeof apis.SyncGroup>;

/** From this version on, a member must say which protocol it follows (KIP-559). */
const PROTOCOL_REQUIRED_SINCE_VERSION = 5;

/** SyncGroup: waits for the leader's assignment. */
export function syncGroup(
  services: BrokerServices,
  request: RequestOf<typeof apis.SyncGroup>,
  context: RequestContext,
): Answer | Promise<Answer> {
  const namesProtocol = request.protocolType !== null && request.protocolName !== null;
  if (context.apiVersion >= PROTOCOL_REQUIRED_SINCE_VERSION && !namesProtocol) {
    return { errorCode: ErrorCodes.INCONSISTENT_GROUP_PROTOCOL, assignment: NO_ASSIGNMENT };
  }
  return services.groups.sync(request);
}
