import type { AssignorMember } from '@millrace/client';
import type { DirectoryMember, TaskDirectory, TasksBySubTopology } from '../query/task-directory.js';
import { decodeMemberData } from './member-data.js';
import type { TaskPlacement } from './task-layout.js';

/** The tasks of members, by member id. */
export type TasksOfMembers = ReadonlyMap<string, readonly TaskPlacement[]>;

const NONE: TasksOfMembers = new Map();

/** What the leader tells everybody: who has which tasks. A task that is on its way from one member to another has nobody. */
export function directoryOf(
  members: readonly AssignorMember[],
  active: TasksOfMembers,
  standby: TasksOfMembers = NONE,
): TaskDirectory {
  return {
    members: inOrder(members).map(({ memberId, userData }): DirectoryMember => {
      const { processId = memberId, advertisedUrl } = decodeMemberData(userData) ?? {};
      return {
        processId,
        ...(advertisedUrl === undefined ? {} : { advertisedUrl }),
        active: bySubTopology(active.get(memberId) ?? []),
        standby: bySubTopology(standby.get(memberId) ?? []),
      };
    }),
  };
}

/** The same text whatever the order in which the members come. */
function inOrder(members: readonly AssignorMember[]): readonly AssignorMember[] {
  return members.toSorted((one, other) => (one.memberId < other.memberId ? -1 : 1));
}

function bySubTopology(tasks: readonly TaskPlacement[]): TasksBySubTopology {
  const groups = Map.groupBy(tasks, ({ subTopology }) => subTopology.key);
  return Object.fromEntries([...groups].map(([key, those]) => [key, those.map(({ partition }) => partition)]));
}
