import { type apis, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import type { BrokerServices } from './services.js';

/** Heartbeat: keeps a member's session alive and tells it of a rebalance. */
export function heartbeat(
  services: BrokerServices,
  request: RequestOf<typeof apis.Heartbeat>,
): ResponseDraftOf<typeof apis.Heartbeat> {
  return { errorCode: services.groups.heartbeat(request) };
}
