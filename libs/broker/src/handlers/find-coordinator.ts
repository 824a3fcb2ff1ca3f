import { type apis, ErrorCodes, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import type { BrokerServices, RequestContext } from './services.js';

type Answer = ResponseDraftOf<typeof apis.FindCoordinator>;

const GROUP = 0;
const TRANSACTION = 1;

/** From this version on, several keys are asked for at once (KIP-699). */
const MANY_KEYS_SINCE_VERSION = 4;

/** FindCoordinator: this broker coordinates every group and every transactional id. */
export function findCoordinator(
  services: BrokerServices,
  request: RequestOf<typeof apis.FindCoordinator>,
  context: RequestContext,
): Answer {
  const keys = context.apiVersion >= MANY_KEYS_SINCE_VERSION ? request.coordinatorKeys : [request.key];
  const isServed = request.keyType === GROUP || request.keyType === TRANSACTION;
  const coordinators = keys.map((key) => {
    const { nodeId } = services;
    if (isServed) return { key, nodeId, ...services.advertised(), errorCode: ErrorCodes.NONE, errorMessage: null };
    const errorMessage = `key type ${request.keyType} is not served; use 0 (group) or 1 (transaction)`;
    return { key, nodeId: -1, host: '', port: -1, errorCode: ErrorCodes.INVALID_REQUEST, errorMessage };
  });
  return context.apiVersion >= MANY_KEYS_SINCE_VERSION ? { coordinators } : (coordinators[0] as Answer);
}
