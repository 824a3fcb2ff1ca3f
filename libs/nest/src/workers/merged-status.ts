import type { AppHealth, AppState, PartitionLag } from '@millrace/runtime';
import type { WorkerStatus } from './worker-messages.js';

/** The worst first: an application is in the state of the worker that is worst off. */
const WORST_FIRST: readonly AppState[] = ['ERROR', 'PENDING_SHUTDOWN', 'STARTING', 'CREATED', 'RUNNING', 'STOPPED'];

/** What runs in workers, by name: each has threads in all of them. */
export function namesIn(workers: readonly (readonly WorkerStatus[])[]): string[] {
  return [...new Set(workers.flatMap((status) => status.map(({ name }) => name)))];
}

/** How an application does over all workers: all of their threads, and the state of the one that is worst off. */
export function mergedHealth(name: string, workers: readonly (readonly WorkerStatus[])[]): AppHealth {
  const healths = statusOf(name, workers).map(({ health }) => health);
  const state = WORST_FIRST.find((each) => healths.some((health) => health.state === each)) ?? 'CREATED';
  const paused = [...new Set(healths.flatMap(({ pausedTopologies = [] }) => pausedTopologies))];
  const threads = healths.flatMap((health) => health.threads);
  const merged = { applicationId: healths[0]?.applicationId ?? name, state, threads };
  return paused.length === 0 ? merged : { ...merged, pausedTopologies: paused };
}

/** How far the partitions of an application are behind, over all workers. */
export function mergedLag(name: string, workers: readonly (readonly WorkerStatus[])[]): PartitionLag[] {
  return statusOf(name, workers).flatMap(({ lag }) => lag);
}

function statusOf(name: string, workers: readonly (readonly WorkerStatus[])[]): WorkerStatus[] {
  return workers.flatMap((status) => status.filter((each) => each.name === name));
}
