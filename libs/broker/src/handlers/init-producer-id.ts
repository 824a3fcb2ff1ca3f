import { type apis, ErrorCodes, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import type { BrokerServices, RequestContext } from './services.js';
import { askCoordinator, fencedFor } from './transaction-errors.js';

const PRODUCER_FENCED_SINCE_VERSION = 4;

/** InitProducerId: an id for an idempotent producer; id and epoch for a transactional one. */
export function initProducerId(
  services: BrokerServices,
  request: RequestOf<typeof apis.InitProducerId>,
  context: RequestContext,
): ResponseDraftOf<typeof apis.InitProducerId> {
  const { transactionalId, transactionTimeoutMs, producerId, producerEpoch } = request;
  if ((producerId === -1) !== (producerEpoch === -1)) {
    return { errorCode: ErrorCodes.INVALID_REQUEST, producerId: -1, producerEpoch: -1 };
  }
  const { transactions } = services;
  const answer = askCoordinator(() =>
    transactionalId === null
      ? transactions.newProducerId()
      : transactions.initProducerId({ transactionalId, producerId, producerEpoch }, transactionTimeoutMs),
  );
  return { ...answer, errorCode: fencedFor(context.apiVersion, PRODUCER_FENCED_SINCE_VERSION, answer.errorCode) };
}
