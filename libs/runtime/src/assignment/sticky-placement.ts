import type { TaskPlacement } from './task-layout.js';

/** A member as the placement sees it. */
export interface PlacementMember {
  readonly id: string;
  /** Decides between members that are equal otherwise; the same after a restart where possible. */
  readonly rank: string;
  /** Members of one process share a machine; tasks spread over processes first. */
  readonly processId: string;
  /** Whether the member reads all topics of the task: false while a rolling upgrade changes the topology. */
  readonly canRun: (task: TaskPlacement) => boolean;
}

class Load {
  readonly tasks = new Set<TaskPlacement>();
  readonly #perSubTopology = new Map<string, number>();

  constructor(readonly member: PlacementMember) {}

  of(task: TaskPlacement): number {
    return this.#perSubTopology.get(task.subTopology.key) ?? 0;
  }

  add(task: TaskPlacement): void {
    this.tasks.add(task);
    this.#perSubTopology.set(task.subTopology.key, this.of(task) + 1);
  }

  remove(task: TaskPlacement): void {
    this.tasks.delete(task);
    this.#perSubTopology.set(task.subTopology.key, this.of(task) - 1);
  }
}

/**
 * Places every task on exactly one member that can run it: where it was, as long as the load stays level.
 *
 * 1. A task stays with its owner. 2. A task without an owner goes to the member with the fewest tasks, then with the
 * fewest of its sub-topology, then of the process with the fewest. 3. A member with at least two tasks more than another
 * gives up the surplus: stateless tasks first, then of the sub-topology that is spread worst.
 *
 * Deterministic: the same input gives the same result, whatever the order of members. Placing again what step 3 took
 * away (its owner has revoked it meanwhile) takes nothing else away, so a rebalance settles in two rounds. Exchanging
 * tasks between equally loaded members would spread sub-topologies better still, but does not settle.
 *
 * @param owners The member that owns a task now, by task key; only members of the group count.
 * @returns The tasks of each member; a task that no member can run is absent.
 */
export function placeTasks(
  tasks: readonly TaskPlacement[],
  members: readonly PlacementMember[],
  owners: ReadonlyMap<string, string>,
): Map<string, TaskPlacement[]> {
  const loads = members.toSorted((a, b) => (a.rank < b.rank ? -1 : 1)).map((member) => new Load(member));
  const byId = new Map(loads.map((load) => [load.member.id, load]));
  const homeless: TaskPlacement[] = [];
  for (const task of tasks) {
    const owner = byId.get(owners.get(task.key) ?? '');
    if (owner !== undefined && owner.member.canRun(task)) owner.add(task);
    else homeless.push(task);
  }
  homeless.sort((a, b) => Number(b.subTopology.isStateful) - Number(a.subTopology.isStateful));
  for (const task of homeless) lightest(loads, task)?.add(task);
  level(loads);
  return new Map(loads.map((load) => [load.member.id, tasks.filter((task) => load.tasks.has(task))]));
}

function lightest(loads: readonly Load[], task: TaskPlacement): Load | undefined {
  const perProcess = new Map<string, number>();
  for (const load of loads) {
    perProcess.set(load.member.processId, (perProcess.get(load.member.processId) ?? 0) + load.tasks.size);
  }
  let best: Load | undefined;
  let bestRank: readonly number[] = [];
  for (const load of loads) {
    if (!load.member.canRun(task)) continue;
    const rank = [load.tasks.size, load.of(task), perProcess.get(load.member.processId) ?? 0];
    if (best === undefined || isLess(rank, bestRank)) {
      best = load;
      bestRank = rank;
    }
  }
  return best;
}

function isLess(left: readonly number[], right: readonly number[]): boolean {
  for (let nth = 0; nth < left.length; nth++) {
    if (left[nth] !== right[nth]) return (left[nth] as number) < (right[nth] as number);
  }
  return false;
}

/** Moves single tasks from heavy to light members until no move makes the loads more level. */
function level(loads: readonly Load[]): void {
  for (let moved = true; moved;) {
    moved = false;
    for (const light of loads) {
      const heavy = loads
        .filter((load) => load.tasks.size > light.tasks.size + 1)
        .sort((a, b) => b.tasks.size - a.tasks.size)
        .find((load) => surplus(load, light) !== undefined);
      if (heavy === undefined) continue;
      const task = surplus(heavy, light) as TaskPlacement;
      heavy.remove(task);
      light.add(task);
      moved = true;
    }
  }
}

/** The task whose move costs least: without state, then of the sub-topology of which `heavy` has most compared with `light`. */
function surplus(heavy: Load, light: Load): TaskPlacement | undefined {
  let best: TaskPlacement | undefined;
  let bestRank: readonly number[] = [];
  for (const task of heavy.tasks) {
    if (!light.member.canRun(task)) continue;
    const rank = [Number(task.subTopology.isStateful), light.of(task) - heavy.of(task), -task.partition];
    if (best === undefined || isLess(rank, bestRank)) {
      best = task;
      bestRank = rank;
    }
  }
  return best;
}
