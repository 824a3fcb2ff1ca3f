/**
 * The assignor of stream threads: sticky, cooperative, by task.
 *
 * Invariants:
 * - every task is placed on at most one member, with all its partitions;
 * - a task that another member still owns is given to nobody in this round: its owner, missing it, revokes it and
 *   rejoins, and the next round gives it away (KIP-429); it is told so, as a static member that was restarted in between
 *   owns nothing and would never ask for that round;
 * - every member is told who has which tasks, for queries;
 * - of two members that claim a partition the one with the older generation has lost it (KIP-792); where that does not
 *   tell them apart, the task is taken from both first;
 * - nothing is looked up: members say how far their stores are, and how far the changelogs go (KIP-441).
 */
import type { AssignedShare, Assignor, AssignorMember } from '@millrace/client';
import { directoryOf } from './directory-of.js';
import { decodeMemberData, type MemberData } from './member-data.js';
import { encodeMemberShare } from './member-share.js';
import type { PlacementLimits, PlacementMember } from './placement-member.js';
import { placeTasks } from './sticky-placement.js';
import { layOutTasks, partitionKey, type SubTopologyLayout, type TaskPlacement } from './task-layout.js';

/** How tasks are assigned: the leader's settings hold for the group. */
export interface TaskAssignorSettings extends PlacementLimits {
  /** After so long the group assigns anew, in milliseconds, while tasks wait for stores that warm up. */
  readonly probingRebalanceIntervalMs: number;
  /** Told of all topics that any member reads: one may have found more that match a pattern. */
  readonly topicsKnown?: (topics: Iterable<string>) => void;
}

/** Assigns the tasks of one application to the stream threads of its group. */
export class TaskAssignor implements Assignor {
  readonly name = 'millrace-task-sticky';
  readonly protocol = 'cooperative';
  readonly #subTopologies: readonly SubTopologyLayout[];
  readonly #settings: TaskAssignorSettings;

  constructor(subTopologies: readonly SubTopologyLayout[], settings: TaskAssignorSettings) {
    this.#subTopologies = subTopologies;
    this.#settings = settings;
  }

  assign(members: readonly AssignorMember[], partitionCounts: ReadonlyMap<string, number>): Map<string, AssignedShare> {
    this.#settings.topicsKnown?.(partitionCounts.keys());
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

    const candidates = toPlacementMembers(members);
    const { active, standby, warmup, isProvisional } = placeTasks(tasks, candidates, owners, this.#settings);
    const prober = isProvisional ? candidates.toSorted((a, b) => (a.rank < b.rank ? -1 : 1))[0]?.id : undefined;
    const isFree = (task: TaskPlacement, memberId: string): boolean => {
      const ids = holders.get(task.key) as Set<string>;
      return ids.size === 0 || (ids.size === 1 && ids.has(memberId));
    };
    const letGo = new Set<string>();
    for (const [memberId, own] of active) {
      for (const task of own.filter((each) => !isFree(each, memberId))) {
        for (const holder of holders.get(task.key) ?? []) letGo.add(holder);
      }
    }
    const given = new Map<string, readonly TaskPlacement[]>();
    const followedBy = new Map<string, readonly TaskPlacement[]>();
    for (const { memberId } of members) {
      const own = active.get(memberId) ?? [];
      // What is on its way here keeps its stores up to date until it arrives.
      const arriving = own.filter((task) => task.subTopology.isStateful && !isFree(task, memberId));
      followedBy.set(memberId, [...(standby.get(memberId) ?? []), ...(warmup.get(memberId) ?? []), ...arriving]);
      given.set(
        memberId,
        own.filter((task) => isFree(task, memberId)),
      );
    }
    const directory = directoryOf(members, given, followedBy);
    const assignment = new Map<string, AssignedShare>();
    for (const [memberId, tasks] of given) {
      const userData = encodeMemberShare({
        standbys: (followedBy.get(memberId) ?? []).map(({ key }) => key),
        ...(memberId === prober && { probeAfterMs: this.#settings.probingRebalanceIntervalMs }),
        ...(letGo.has(memberId) && { isRoundDue: true }),
        directory,
      });
      assignment.set(memberId, { partitions: tasks.flatMap((task) => [...task.partitions]), userData });
    }
    return assignment;
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

function toPlacementMembers(members: readonly AssignorMember[]): PlacementMember[] {
  const data = members.map((member) => decodeMemberData(member.userData));
  const ends = changelogEnds(data);
  return members.map((member, nth) => {
    const topics = new Set(member.topics);
    const { processId = member.memberId, rack, progress = {} } = data[nth] ?? {};
    return {
      id: member.memberId,
      // A static member gets a new id with each restart, but keeps its place in the order.
      rank: member.instanceId ?? member.memberId,
      processId,
      rack,
      // What a pattern matches a member learns with its share.
      canRun: ({ subTopology }) =>
        subTopology.topics.every((topic) => topics.has(topic) || subTopology.isMatched?.(topic) === true),
      lagOf: ({ key }) => Math.max(0, (ends.get(key) ?? 0) - (progress[key]?.position ?? 0)),
      hasStores: ({ key }) => progress[key] !== undefined,
    };
  });
}

/** The ends of the changelogs of each task: as the member knows them that knows most. */
function changelogEnds(data: readonly (MemberData | undefined)[]): Map<string, number> {
  const ends = new Map<string, number>();
  for (const each of data) {
    for (const [key, { end }] of Object.entries(each?.progress ?? {})) {
      ends.set(key, Math.max(end, ends.get(key) ?? 0));
    }
  }
  return ends;
}
