import { FatalError } from '@millrace/kernel';
import type { TaskState } from '../diagnostics/channels.js';
import type { ThreadState } from '../thread/thread-state.js';

/**
 * Where an application stands. `RUNNING` says that its threads live, not that their tasks are restored: see `health()`.
 *
 * ```
 *  CREATED ─► STARTING ─► RUNNING ─► PENDING_SHUTDOWN ─► STOPPED
 *                │           │                │
 *                └───────────┴────────────────┴─► ERROR
 * ```
 */
export type AppState = 'CREATED' | 'STARTING' | 'RUNNING' | 'PENDING_SHUTDOWN' | 'STOPPED' | 'ERROR';

const NEXT: Readonly<Record<AppState, readonly AppState[]>> = {
  CREATED: ['STARTING', 'STOPPED'],
  STARTING: ['RUNNING', 'PENDING_SHUTDOWN', 'ERROR'],
  RUNNING: ['PENDING_SHUTDOWN', 'ERROR'],
  PENDING_SHUTDOWN: ['STOPPED', 'ERROR'],
  STOPPED: [],
  ERROR: [],
};

/** @throws {FatalError} (stop-app) `MR_LIFECYCLE_ORDER` when an application in `from` cannot come to be in `to`. */
export function checkAppTransition(what: string, from: AppState, to: AppState): void {
  if (!NEXT[from].includes(to)) {
    throw new FatalError(
      'MR_LIFECYCLE_ORDER',
      `${what} cannot go from ${from} to ${to}: make a new one to start again`,
    );
  }
}

/** How a task does. */
export interface TaskHealth {
  readonly taskId: string;
  readonly state: TaskState;
  /** Why it was restarted last, as `CODE: message`; absent once it has committed since. */
  readonly lastFailure?: string;
}

/** How a standby does. */
export interface StandbyHealth {
  readonly taskId: string;
  /** Changelog records that its stores do not have; absent until the ends of the changelogs are known. */
  readonly lagRecords?: number;
}

/** How a thread does. */
export interface ThreadHealth {
  readonly thread: string;
  readonly state: ThreadState;
  readonly tasks: readonly TaskHealth[];
  /** Tasks that are active elsewhere, whose stores are kept up to date here. */
  readonly standbys: readonly StandbyHealth[];
  /** What went wrong last, as `CODE: message`; absent once a commit has succeeded since. */
  readonly lastFailure?: string;
}

/** How an application does. */
export interface AppHealth {
  readonly applicationId: string;
  readonly state: AppState;
  readonly threads: readonly ThreadHealth[];
  /** Names of the topologies that are paused; absent when none is. */
  readonly pausedTopologies?: readonly string[];
}

/** How far an input partition is behind. */
export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  /** Offset of the next record to be processed. */
  readonly position: number;
  /** Offset after the last readable record, as last told by the broker. */
  readonly endOffset: number;
  readonly lagRecords: number;
}
