import { ErrorCodes } from '@millrace/protocol';
import type { Group } from './group.js';
import type { GroupCoordinator } from './group-coordinator.js';

/** Who wants to commit offsets for a group. */
export interface Committer {
  readonly groupId: string;
  /** -1 for a client that is not a member, such as a tool. */
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

/** The first version of OffsetCommit that tells an unknown group from an old generation. */
const GROUP_ID_NOT_FOUND_SINCE_VERSION = 9;

/** Whether a commit outside a transaction is in order: the group to commit to, or the error code. */
export function groupForCommit(groups: GroupCoordinator, committer: Committer, apiVersion: number): Group | number {
  const group = groupOf(groups, committer);
  if (group === undefined) {
    return apiVersion >= GROUP_ID_NOT_FOUND_SINCE_VERSION
      ? ErrorCodes.GROUP_ID_NOT_FOUND
      : ErrorCodes.ILLEGAL_GENERATION;
  }
  const errorCode = commitError(group, committer, false);
  return errorCode === ErrorCodes.NONE ? group : errorCode;
}

/** Whether a commit inside a transaction is in order (KIP-447): the group to commit to, or the error code. */
export function groupForTransactionalCommit(groups: GroupCoordinator, committer: Committer): Group | number {
  const group = groupOf(groups, committer);
  if (group === undefined) return ErrorCodes.ILLEGAL_GENERATION;
  const errorCode = commitError(group, committer, true);
  return errorCode === ErrorCodes.NONE ? group : errorCode;
}

/** A client that is no member creates the group by committing to it. */
function groupOf(groups: GroupCoordinator, committer: Committer): Group | undefined {
  const { groupId, generationId } = committer;
  return groups.group(groupId) ?? (generationId < 0 ? groups.getOrCreate(groupId) : undefined);
}

function commitError(group: Group, committer: Committer, isTransactional: boolean): number {
  const { generationId, memberId, groupInstanceId } = committer;
  if (generationId < 0 && group.state === 'Empty') return ErrorCodes.NONE;
  if (generationId >= 0 || memberId !== '' || groupInstanceId !== null) {
    const errorCode = group.memberError(memberId, groupInstanceId);
    if (errorCode !== ErrorCodes.NONE) return errorCode;
    if (generationId !== group.generationId) return ErrorCodes.ILLEGAL_GENERATION;
  } else if (!isTransactional && group.state !== 'Empty') return ErrorCodes.UNKNOWN_MEMBER_ID;
  // Between two generations a plain commit could overwrite that of a partition's next owner.
  return !isTransactional && group.state === 'CompletingRebalance' ? ErrorCodes.REBALANCE_IN_PROGRESS : ErrorCodes.NONE;
}
