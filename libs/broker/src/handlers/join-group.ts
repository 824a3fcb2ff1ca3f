import { type apis, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import type { BrokerServices, RequestContext } from './services.js';

type Answer = ResponseDraftOf<typeof apis.JoinGroup>;

/** Up to version 6 an absent protocol is an empty name. */
const NULL_PROTOCOL_SINCE_VERSION = 7;

/** JoinGroup: waits until the rebalance that it takes part in is complete. */
export async function joinGroup(
  services: BrokerServices,
  body: RequestOf<typeof apis.JoinGroup>,
  context: RequestContext,
): Promise<Answer> {
  const { apiVersion, clientId, clientHost } = context;
  const answer = await services.groups.join({ body, apiVersion, clientId, clientHost });
  return apiVersion >= NULL_PROTOCOL_SINCE_VERSION ? answer : { ...answer, protocolName: answer.protocolName ?? '' };
}
