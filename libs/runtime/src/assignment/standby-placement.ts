import type { MemberLoad } from './member-load.js';
import { least, type PlacementLimits, type PlacementMember } from './placement-member.js';
import type { TaskPlacement } from './task-layout.js';

/** Standbys and warm-ups by member id. */
export interface StandbyPlacement {
  readonly standby: ReadonlyMap<string, readonly TaskPlacement[]>;
  readonly warmup: ReadonlyMap<string, readonly TaskPlacement[]>;
}

type Copies = ReadonlyMap<PlacementMember, ReadonlySet<TaskPlacement>>;

/** How often standbys are placed again at most, each time with what came out last as what is there. */
const MAX_PASSES = 10;

/**
 * Gives each stateful task its standbys, each on a process of its own that is not the one of the active task; as many as there
 * are such processes, at most.
 *
 * A rack that has no copy of the task yet comes first (KIP-708), then a member with no more than its share of standbys, then
 * one that has stores of the task, then the one with the fewest standbys. What stays goes before what is new, so that
 * nothing new displaces it; and the result is one that placing again does not change.
 *
 * Warm-ups come on top: the stores of a task that is to move, at its destination, those that lag least first, up to
 * `maxWarmupReplicas`. A standby at the destination is one for nothing.
 *
 * @param wanted Where tasks are to go that stay for now.
 */
export function placeStandbys(
  tasks: readonly TaskPlacement[],
  loads: readonly MemberLoad[],
  wanted: ReadonlyMap<TaskPlacement, PlacementMember>,
  limits: PlacementLimits,
): StandbyPlacement {
  const members = loads.map(({ member }) => member);
  const activeOf = new Map(loads.flatMap(({ member, tasks: own }) => [...own].map((task) => [task, member] as const)));
  const stateful = tasks.filter((task) => task.subTopology.isStateful && activeOf.has(task));
  let standbys: Copies = new Map(members.map((member) => [member, new Set(stateful.filter(member.hasStores))]));
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const next = spread(stateful, activeOf, members, standbys, limits.standbyReplicas);
    const isStable = members.every((member) => isSame(copiesOf(next, member), copiesOf(standbys, member)));
    standbys = next;
    if (isStable) break;
  }

  const warmups = [...wanted]
    .filter(([task, member]) => !copiesOf(standbys, member).has(task))
    .sort(([a, to], [b, other]) => to.lagOf(a) - other.lagOf(b) || (a.key < b.key ? -1 : 1))
    .slice(0, limits.maxWarmupReplicas);
  return {
    standby: new Map(
      members.map((member) => [member.id, stateful.filter((task) => copiesOf(standbys, member).has(task))]),
    ),
    warmup: new Map(
      members.map(({ id }) => [id, warmups.filter(([, member]) => member.id === id).map(([task]) => task)]),
    ),
  };
}

/** @param present Who has stores of what. */
function spread(
  stateful: readonly TaskPlacement[],
  activeOf: ReadonlyMap<TaskPlacement, PlacementMember>,
  members: readonly PlacementMember[],
  present: Copies,
  replicas: number,
): Copies {
  const share = Math.ceil((stateful.length * replicas) / Math.max(1, members.length));
  const standbys = new Map(members.map((member) => [member, new Set<TaskPlacement>()]));
  const countOf = (member: PlacementMember): number => copiesOf(standbys, member).size;
  const place = (task: TaskPlacement, onlyPresent: boolean): void => {
    const copies = [
      activeOf.get(task) as PlacementMember,
      ...members.filter((member) => copiesOf(standbys, member).has(task)),
    ];
    while (copies.length <= replicas) {
      const free = members.filter(
        (member) => member.canRun(task) && copies.every(({ processId }) => processId !== member.processId),
      );
      const elsewhere = free.filter(({ rack }) => rack === undefined || copies.every((each) => each.rack !== rack));
      const chosen = least(elsewhere.length > 0 ? elsewhere : free, (member) => {
        const isOver = countOf(member) >= share;
        const isPresent = copiesOf(present, member).has(task);
        return onlyPresent && (isOver || !isPresent)
          ? undefined
          : [Number(isOver), Number(!isPresent), countOf(member)];
      });
      if (chosen === undefined) return;
      standbys.get(chosen)?.add(task);
      copies.push(chosen);
    }
  };
  for (const task of stateful) place(task, true);
  for (const task of stateful) place(task, false);
  return standbys;
}

function copiesOf(copies: Copies, member: PlacementMember): ReadonlySet<TaskPlacement> {
  return copies.get(member) as ReadonlySet<TaskPlacement>;
}

function isSame<T>(left: ReadonlySet<T>, right: ReadonlySet<T>): boolean {
  return left.size === right.size && [...left].every((each) => right.has(each));
}
