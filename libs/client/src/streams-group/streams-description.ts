import { ErrorCodes, apis } from '@millrace/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { brokerError } from '../errors/broker-errors.js';
import { describedTasks, type StreamsTasks } from './streams-tasks.js';

/** What the coordinator of a streams group knows of a member. */
export interface DescribedAssignment {
  readonly memberEpoch: number;
  readonly tasks: StreamsTasks;
}

/**
 * The tasks that the coordinator has given to a member; `undefined` where it does not know the member.
 *
 * @throws what {@link brokerError} makes of its error, or what became of the connection.
 */
export async function describedAssignment(
  cluster: Cluster,
  purpose: string,
  groupId: string,
  memberId: string,
): Promise<DescribedAssignment | undefined> {
  const { groups } = await cluster.coordinators.request(
    'group',
    groupId,
    purpose,
    apis.StreamsGroupDescribe,
    { groupIds: [groupId], includeAuthorizedOperations: false },
    (response) => response.groups.map(({ errorCode }) => errorCode),
  );
  for (const { errorCode, errorMessage, members } of groups) {
    if (errorCode !== ErrorCodes.NONE)
      throw brokerError(errorCode, `StreamsGroupDescribe of '${groupId}'`, {}, errorMessage ?? '');
    const member = members.find((each) => each.memberId === memberId);
    if (member !== undefined) return { memberEpoch: member.memberEpoch, tasks: describedTasks(member) };
  }
  return undefined;
}
