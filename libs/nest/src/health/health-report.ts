import type { AppHealth, PartitionLag } from '@millrace/runtime';

/** What a health check says of one application; plain data for a health endpoint. */
export interface HealthReport {
  readonly isHealthy: boolean;
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * Liveness: down when a restart of the process is the remedy, so when the application or one of its threads has died.
 * Restoring, rebalancing and waiting for a broker are no reason to restart.
 */
export function livenessOf(health: AppHealth): HealthReport {
  const dead = health.threads.filter(({ state }) => state === 'DEAD').map(({ thread }) => thread);
  const isLeaving = health.state === 'PENDING_SHUTDOWN' || health.state === 'STOPPED';
  return {
    isHealthy: health.state !== 'ERROR' && (dead.length === 0 || isLeaving),
    details: { state: health.state, deadThreads: dead, ...failuresOf(health) },
  };
}

/**
 * Readiness: up when every task runs or is paused, and no input is more than `maxLagRecords` behind.
 *
 * @param maxLagRecords Per partition; `Infinity` leaves lag out.
 */
export function readinessOf(health: AppHealth, lag: readonly PartitionLag[], maxLagRecords: number): HealthReport {
  const tasks = health.threads.flatMap(({ tasks: own }) => own);
  const notRunning = tasks
    .filter(({ state }) => state !== 'RUNNING' && state !== 'PAUSED')
    .map(({ taskId, state }) => `${taskId}: ${state}`);
  const threads = health.threads
    .filter(({ state }) => state !== 'RUNNING')
    .map(({ thread, state }) => `${thread}: ${state}`);
  const behind = lag
    .filter(({ lagRecords }) => lagRecords > maxLagRecords)
    .map(({ topic, partition, lagRecords }) => `${topic}-${partition}: ${lagRecords} records behind`);
  const isHealthy =
    health.state === 'RUNNING' && threads.length === 0 && notRunning.length === 0 && behind.length === 0;
  return {
    isHealthy,
    details: {
      state: health.state,
      tasks: tasks.length,
      lagRecords: lag.reduce((sum, { lagRecords }) => sum + lagRecords, 0),
      ...(threads.length > 0 ? { threads } : {}),
      ...(health.pausedTopologies === undefined ? {} : { paused: health.pausedTopologies }),
      ...(notRunning.length > 0 ? { notRunning } : {}),
      ...(behind.length > 0 ? { behind } : {}),
      ...failuresOf(health),
    },
  };
}

function failuresOf(health: AppHealth): { readonly failures?: readonly string[] } {
  const failures = health.threads.flatMap(({ thread, lastFailure, tasks }) => [
    ...(lastFailure === undefined ? [] : [`${thread}: ${lastFailure}`]),
    ...tasks.flatMap((task) => (task.lastFailure === undefined ? [] : [`${task.taskId}: ${task.lastFailure}`])),
  ]);
  return failures.length > 0 ? { failures } : {};
}
