import type { Fetcher, GroupMembership } from '@millrace/client';
import type { Clock } from '@millrace/kernel';
import type { StoreSet } from '@millrace/streams';
import type { TaskPlacement, TopicPartition } from '../assignment/task-layout.js';
import type { Backoff } from '../backoff/backoff.js';
import type { ThreadPlace } from '../diagnostics/channels.js';
import type { Output } from '../output/output.js';
import type { StandbyTasks } from '../standby/standby-tasks.js';
import type { CommittedPurge } from '../topics/committed-purge.js';
import type { ActiveTask } from './active-task.js';
import type { AskEnds } from './end-confirmation.js';
import type { RebalanceMailbox } from './rebalance-mailbox.js';
import type { TaskRestarts } from './task-restarts.js';
import type { ThreadStateMachine } from './thread-state.js';
import type { WakeUp } from './wake-up.js';

/** What a stream thread works with; each thread has parts of its own. */
export interface StreamThreadParts {
  readonly place: ThreadPlace;
  readonly clock: Clock;
  readonly states: ThreadStateMachine;
  readonly member: GroupMembership;
  readonly fetcher: Fetcher;
  readonly output: Output;
  readonly purge: CommittedPurge;
  readonly mailbox: RebalanceMailbox;
  readonly wakeUp: WakeUp;
  readonly backoff: Backoff;
  readonly restarts: TaskRestarts;
  /** The tasks all partitions of which are among these. */
  readonly placementsOf: (partitions: readonly TopicPartition[]) => readonly TaskPlacement[];
  /** Makes a task that is not started, writing to the thread's output; with the stores of a standby, where there was one. */
  readonly createTask: (placement: TaskPlacement, stores: StoreSet | undefined) => ActiveTask;
  /** Stores of tasks that are active elsewhere. */
  readonly standbys: StandbyTasks;
  /** Whether the topology of a task is paused. */
  readonly isPaused: (placement: TaskPlacement) => boolean;
  /**
   * Finds out where tasks go on and restores their stores; tells of each that is ready, and of each that cannot be restored. A
   * task that is closed meanwhile is left out; heartbeats and other tasks go on. Throws what concerns all of them.
   */
  readonly startTasks: (
    tasks: readonly ActiveTask[],
    ready: (task: ActiveTask) => void,
    failed: (task: ActiveTask, error: unknown) => void,
  ) => Promise<void>;
  /** Looks up the ends of inputs, open transactions included. */
  readonly askEnds: AskEnds;
  /** Asked before stream time is advanced over an idle input. */
  readonly mayAdvanceIdle: () => boolean;
  readonly commitIntervalMs: number;
  readonly transactionTimeoutMs: number;
  /** Input that a task may hold before its partitions are paused, in bytes. */
  readonly maxBufferedBytesPerTask: number;
}
