import { type apis, ErrorCodes, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import { groupForTransactionalCommit } from '../group/commit-rules.js';
import { orWhenStorageFails } from '../storage/storage-failures.js';
import { commitEach, sameForAll } from './committed-offsets.js';
import { participationError } from './participation.js';
import type { BrokerServices, RequestContext } from './services.js';

/** TxnOffsetCommit: keeps a group's offsets until the producer's transaction ends (KIP-447). */
export function txnOffsetCommit(
  services: BrokerServices,
  request: RequestOf<typeof apis.TxnOffsetCommit>,
  context: RequestContext,
): ResponseDraftOf<typeof apis.TxnOffsetCommit> {
  const { transactionalId, groupId, producerId, producerEpoch, topics } = request;
  const { generationId, memberId, groupInstanceId } = request;
  const producer = { transactionalId, producerId, producerEpoch };
  const participants = { partitions: [], groups: [groupId] };
  const errorCode = participationError(services, 'offset-commit', context.apiVersion, producer, participants);
  if (errorCode !== ErrorCodes.NONE) return sameForAll(topics, errorCode);
  const group = groupForTransactionalCommit(services.groups, { groupId, generationId, memberId, groupInstanceId });
  if (typeof group === 'number') return sameForAll(topics, group);
  return commitEach(services, topics, (rows) =>
    orWhenStorageFails<number>(
      () => {
        services.groups.offsets.commitInTransaction(groupId, producerId, producerEpoch, rows);
        return ErrorCodes.NONE;
      },
      () => ErrorCodes.NOT_COORDINATOR,
    ),
  );
}
