/**
 * The assignor of stream threads: sticky, cooperative, by task.
 *
 * Invariants:
 * - every task is placed on at most one member, with all its partitions;
 * - a task that another member still owns is given to nobody in this round: its owner, missing it, revokes it and
 *   rejoins, and the next round gives it away (KIP-429);
 * - every member is told who has which tasks, for queries;
 * - of two members that claim a partition the one with the older generation has lost it (KIP-792); where that does not
 *   tell them apart, the task is taken from both first.
 */
import type { AssignedShare, Assignor, AssignorMember } from '@millrace/client';
import { encodeAssignmentData } from '../query/task-directory.js';
import { directoryOf } from './directory-of.js';
import { placeTasks, type PlacementMember } from './sticky-placement.js';
import { layOutTasks, partitionKey, type SubTopologyLayout, type TaskPlacement } from './task-layout.js';
import { decodeMemberData } from './member-data.js';

/** Assigns the tasks of one application to the stream threads of its group. */
export class TaskAssignor implements Assignor {
  readonly name = 'millrace-task-sticky';
  readonly protocol = 'cooperative';
  readonly #subTopologies: readonly SubTopologyLayout[];

  constructor(subTopologies: readonly SubTopologyLayout[]) {
    this.#subTopologies = subTopologies;
  }

  assign(members: readonly AssignorMember[], partitionCounts: ReadonlyMap<string, number>): Map<string, AssignedShare> {
    const tasks = layOutTasks(this.#subTopologies, partitionCounts);
    const claims = claimsByPartition(members);
    const holders = new Map(
      tasks.map((task) => {
        const ids = task.partitions.flatMap(({ topic, partition }) => claims.get(partitionKey(topic, partition)) ?? []);
        return [task.key, new Set(ids.map(({ memberId }) => memberId))];
      }),
    );
    const owners = new Map<string, string>();
    for (const [key, ids] of holders) {
      const [owner, second] = ids;
      if (owner !== undefined && second === undefined) owners.set(key, owner);
    }

    const placed = placeTasks(tasks, members.map(toPlacementMember), owners);
    const given = new Map<string, readonly TaskPlacement[]>();
    for (const { memberId } of members) {
      const free = (placed.get(memberId) ?? []).filter((task) => {
        const ids = holders.get(task.key) as Set<string>;
        return ids.size === 0 || (ids.size === 1 && ids.has(memberId));
      });
      given.set(memberId, free);
    }
    const userData = encodeAssignmentData({ directory: directoryOf(members, given) });
    return new Map<string, AssignedShare>(
      [...given].map(([id, own]) => [id, { partitions: own.flatMap((task) => [...task.partitions]), userData }]),
    );
  }
}

function claimsByPartition(members: readonly AssignorMember[]): Map<string, AssignorMember[]> {
  const claims = new Map<string, AssignorMember[]>();
  for (const member of members) {
    for (const { topic, partition } of member.ownedPartitions) {
      const key = partitionKey(topic, partition);
      const rivals = [...(claims.get(key) ?? []), member];
      const newest = Math.max(...rivals.map(({ generationId }) => generationId));
      claims.set(
        key,
        rivals.filter(({ generationId }) => generationId === newest),
      );
    }
  }
  return claims;
}

function toPlacementMember(member: AssignorMember): PlacementMember {
  const topics = new Set(member.topics);
  return {
    id: member.memberId,
    // A static member gets a new id with each restart, but keeps its place in the order.
    rank: member.instanceId ?? member.memberId,
    processId: decodeMemberData(member.userData)?.processId ?? member.memberId,
    canRun: (task) => task.subTopology.topics.every((topic) => topics.has(topic)),
  };
}
