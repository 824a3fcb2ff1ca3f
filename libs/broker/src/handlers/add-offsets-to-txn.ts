import { type apis, ErrorCodes, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import { orWhenStorageFails } from '../storage/storage-failures.js';
import type { BrokerServices, RequestContext } from './services.js';
import { fencedFor } from './transaction-errors.js';

const PRODUCER_FENCED_SINCE_VERSION = 2;

/** AddOffsetsToTxn: a producer of transaction version 1 says for which group it is going to commit offsets. */
export function addOffsetsToTxn(
  services: BrokerServices,
  request: RequestOf<typeof apis.AddOffsetsToTxn>,
  context: RequestContext,
): ResponseDraftOf<typeof apis.AddOffsetsToTxn> {
  const { transactionalId, producerId, producerEpoch, groupId } = request;
  const producer = { transactionalId, producerId, producerEpoch };
  const errorCode = orWhenStorageFails<number>(
    () => services.transactions.add(producer, { partitions: [], groups: [groupId] }),
    () => ErrorCodes.COORDINATOR_NOT_AVAILABLE,
  );
  return { errorCode: fencedFor(context.apiVersion, PRODUCER_FENCED_SINCE_VERSION, errorCode) };
}
