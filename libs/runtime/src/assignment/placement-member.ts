import type { TaskPlacement } from './task-layout.js';

/** A member as the placement sees it. */
export interface PlacementMember {
  readonly id: string;
  /** Decides between members that are equal otherwise; the same after a restart where possible. */
  readonly rank: string;
  /** Members of one process share a machine; tasks spread over processes first. */
  readonly processId: string;
  /** Where the process runs; `undefined` where nobody said. */
  readonly rack?: string | undefined;
  /** Whether the member reads all topics of the task: false while a rolling upgrade changes the topology. */
  readonly canRun: (task: TaskPlacement) => boolean;
  /** Changelog records that the member would have to read before it can run the task; 0 where nobody knows the changelogs. */
  readonly lagOf: (task: TaskPlacement) => number;
  /** Whether the member has stores of the task, however old. */
  readonly hasStores: (task: TaskPlacement) => boolean;
}

/** What bounds a placement. */
export interface PlacementLimits {
  /** A stateful task moves only to a member that is at most so many records behind. */
  readonly acceptableRecoveryLag: number;
  /** Standby copies of each stateful task. */
  readonly standbyReplicas: number;
  /** Stores that are built up at one time where a task is to move. */
  readonly maxWarmupReplicas: number;
}

/** Whether `left` comes before `right`, compared number by number. */
function isLess(left: readonly number[], right: readonly number[]): boolean {
  for (let nth = 0; nth < left.length; nth++) {
    if (left[nth] !== right[nth]) return (left[nth] as number) < (right[nth] as number);
  }
  return false;
}

/** The first of the least, by a rank that is `undefined` for what is out of the question. */
export function least<T>(all: Iterable<T>, rankOf: (each: T) => readonly number[] | undefined): T | undefined {
  let best: T | undefined;
  let bestRank: readonly number[] | undefined;
  for (const each of all) {
    const rank = rankOf(each);
    if (rank === undefined || (bestRank !== undefined && !isLess(rank, bestRank))) continue;
    best = each;
    bestRank = rank;
  }
  return best;
}
