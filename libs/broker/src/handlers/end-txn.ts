import { type apis, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import type { BrokerServices, RequestContext } from './services.js';
import { askCoordinator, fencedFor } from './transaction-errors.js';

const PRODUCER_FENCED_SINCE_VERSION = 2;
/** From this version on, each end bumps the producer's epoch (KIP-890). */
const EPOCH_BUMP_SINCE_VERSION = 5;

/** EndTxn: commits or aborts; markers are written before the answer. */
export function endTxn(
  services: BrokerServices,
  request: RequestOf<typeof apis.EndTxn>,
  context: RequestContext,
): ResponseDraftOf<typeof apis.EndTxn> {
  const { transactionalId, producerId, producerEpoch } = request;
  const version = context.apiVersion >= EPOCH_BUMP_SINCE_VERSION ? 2 : 1;
  const outcome = request.committed ? 'commit' : 'abort';
  const answer = askCoordinator(() =>
    services.transactions.end({ transactionalId, producerId, producerEpoch }, outcome, version),
  );
  return { ...answer, errorCode: fencedFor(context.apiVersion, PRODUCER_FENCED_SINCE_VERSION, answer.errorCode) };
}
