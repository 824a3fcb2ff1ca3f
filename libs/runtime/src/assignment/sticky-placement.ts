import { MemberLoad } from './member-load.js';
import { least, type PlacementLimits, type PlacementMember } from './placement-member.js';
import { placeStandbys } from './standby-placement.js';
import type { TaskPlacement } from './task-layout.js';

/** Who does what; each by member id, tasks in the order in which they were given. */
export interface Placement {
  /** A task that no member can run is absent. */
  readonly active: ReadonlyMap<string, readonly TaskPlacement[]>;
  /** Never on the process of the active task. */
  readonly standby: ReadonlyMap<string, readonly TaskPlacement[]>;
  /** Stores that are built up where the task is to move once they are. */
  readonly warmup: ReadonlyMap<string, readonly TaskPlacement[]>;
  /** Whether tasks are not where they should be, for want of stores there: place again after a while. */
  readonly isProvisional: boolean;
}

/**
 * Places every task on exactly one member that can run it: where it was, as long as the load stays level.
 *
 * 1. A task stays with its owner. 2. A task without an owner goes where its stores are nearest to complete, then to the member
 * with the fewest tasks, then with the fewest of its sub-topology, then of the process with the fewest. 3. A member with at
 * least two tasks more than another gives up the surplus: stateless tasks first, then those that nobody owns, then those
 * whose stores the other one has, then of the sub-topology that is spread worst. 4. What step 3 has moved to a member whose
 * stores lag too much stays for now, and the member warms up (KIP-441). 5. Standbys, see {@link placeStandbys}.
 *
 * Deterministic: the same input gives the same result, whatever the order of members. Placing again what step 3 took
 * away (its owner has revoked it meanwhile) takes nothing else away, so a rebalance settles in two rounds. Exchanging
 * tasks between equally loaded members would spread sub-topologies better still, but does not settle.
 *
 * @param owners The member that owns a task now, by task key; only members of the group count.
 */
export function placeTasks(
  tasks: readonly TaskPlacement[],
  members: readonly PlacementMember[],
  owners: ReadonlyMap<string, string>,
  limits: PlacementLimits,
): Placement {
  const loads = members.toSorted((a, b) => (a.rank < b.rank ? -1 : 1)).map((member) => new MemberLoad(member));
  const homes = settleAtHome(tasks, loads, owners, limits);
  level(loads, (task) => owners.has(task.key), limits);
  const wanted = stayUntilWarm(loads, homes, limits);
  const { standby, warmup } = placeStandbys(tasks, loads, wanted, limits);
  const active = new Map(loads.map((load) => [load.member.id, tasks.filter((task) => load.tasks.has(task))]));
  return { active, standby, warmup, isProvisional: wanted.size > 0 };
}

/** Lag as far as it matters: none of it does below the acceptable one. */
function lagThatMatters(
  member: PlacementMember,
  task: TaskPlacement,
  { acceptableRecoveryLag }: PlacementLimits,
): number {
  if (!task.subTopology.isStateful) return 0;
  const lag = member.lagOf(task);
  return lag <= acceptableRecoveryLag ? 0 : lag;
}

/** Steps 1 and 2. @returns where each task is now. */
function settleAtHome(
  tasks: readonly TaskPlacement[],
  loads: readonly MemberLoad[],
  owners: ReadonlyMap<string, string>,
  limits: PlacementLimits,
): Map<TaskPlacement, MemberLoad> {
  const byId = new Map(loads.map((load) => [load.member.id, load]));
  const homes = new Map<TaskPlacement, MemberLoad>();
  const homeless: TaskPlacement[] = [];
  const settle = (task: TaskPlacement, load: MemberLoad): void => {
    load.add(task);
    homes.set(task, load);
  };
  for (const task of tasks) {
    const owner = byId.get(owners.get(task.key) ?? '');
    if (owner !== undefined && owner.member.canRun(task)) settle(task, owner);
    else homeless.push(task);
  }
  homeless.sort((a, b) => Number(b.subTopology.isStateful) - Number(a.subTopology.isStateful));
  for (const task of homeless) {
    const load = nearest(loads, task, limits);
    if (load !== undefined) settle(task, load);
  }
  return homes;
}

function nearest(loads: readonly MemberLoad[], task: TaskPlacement, limits: PlacementLimits): MemberLoad | undefined {
  const perProcess = new Map<string, number>();
  for (const { member, tasks } of loads) {
    perProcess.set(member.processId, (perProcess.get(member.processId) ?? 0) + tasks.size);
  }
  return least(loads, (load) => {
    const { member, tasks } = load;
    if (!member.canRun(task)) return undefined;
    const lag = lagThatMatters(member, task, limits);
    return [lag, Number(!member.hasStores(task)), tasks.size, load.of(task), perProcess.get(member.processId) ?? 0];
  });
}

/** Moves single tasks from heavy to light members until no move makes the loads more level. */
function level(loads: readonly MemberLoad[], isOwned: (task: TaskPlacement) => boolean, limits: PlacementLimits): void {
  for (let moved = true; moved;) {
    moved = false;
    for (const light of loads) {
      const heavy = loads
        .filter((load) => load.tasks.size > light.tasks.size + 1)
        .sort((a, b) => b.tasks.size - a.tasks.size)
        .find((load) => surplus(load, light, isOwned, limits) !== undefined);
      if (heavy === undefined) continue;
      const task = surplus(heavy, light, isOwned, limits) as TaskPlacement;
      heavy.remove(task);
      light.add(task);
      moved = true;
    }
  }
}

/** The task whose move from `heavy` to `light` costs least. */
function surplus(
  heavy: MemberLoad,
  light: MemberLoad,
  isOwned: (task: TaskPlacement) => boolean,
  limits: PlacementLimits,
): TaskPlacement | undefined {
  return least(heavy.tasks, (task) => {
    if (!light.member.canRun(task)) return undefined;
    const lag = lagThatMatters(light.member, task, limits);
    const spread = light.of(task) - heavy.of(task);
    return [Number(task.subTopology.isStateful), Number(isOwned(task)), lag, spread, -task.partition];
  });
}

/** Step 4. @returns where each task that stays for now is to go. */
function stayUntilWarm(
  loads: readonly MemberLoad[],
  homes: ReadonlyMap<TaskPlacement, MemberLoad>,
  limits: PlacementLimits,
): Map<TaskPlacement, PlacementMember> {
  const wanted = new Map<TaskPlacement, PlacementMember>();
  for (const load of loads) {
    for (const task of load.tasks) {
      const home = homes.get(task);
      if (home === undefined || home === load) continue;
      const lag = lagThatMatters(load.member, task, limits);
      if (lag > lagThatMatters(home.member, task, limits)) wanted.set(task, load.member);
    }
  }
  for (const [task, member] of wanted) {
    loads.find((load) => load.member === member)?.remove(task);
    homes.get(task)?.add(task);
  }
  return wanted;
}
