import { type apis, ErrorCodes, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import { groupForCommit } from '../group/commit-rules.js';
import { orWhenStorageFails } from '../storage/storage-failures.js';
import { commitEach, sameForAll } from './committed-offsets.js';
import type { BrokerServices, RequestContext } from './services.js';

/** OffsetCommit: keeps a group's offsets, outside of transactions. */
export function offsetCommit(
  services: BrokerServices,
  request: RequestOf<typeof apis.OffsetCommit>,
  context: RequestContext,
): ResponseDraftOf<typeof apis.OffsetCommit> {
  const { groupId, memberId, groupInstanceId, topics, generationIdOrMemberEpoch: generationId } = request;
  const committer = { groupId, generationId, memberId, groupInstanceId };
  const group = groupForCommit(services.groups, committer, context.apiVersion);
  if (typeof group === 'number') return sameForAll(topics, group);
  services.groups.keepAlive(group, memberId);
  return commitEach(services, topics, (rows) =>
    orWhenStorageFails<number>(
      () => {
        services.groups.offsets.commit(groupId, rows);
        return ErrorCodes.NONE;
      },
      () => ErrorCodes.NOT_COORDINATOR,
    ),
  );
}
