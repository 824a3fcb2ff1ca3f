import { diagnosticsChannel, type LatencyCounts } from '@millrace/kernel';
import type { ThreadState } from '../thread/thread-state.js';

/** Which thread of which application an event is about. */
export interface ThreadPlace {
  readonly applicationId: string;
  readonly thread: string;
}

/** Which task an event is about. */
export interface TaskPlace extends ThreadPlace {
  readonly taskId: string;
}

/** A task processed a slice of records. */
export interface ProcessedEvent extends TaskPlace {
  readonly records: number;
  readonly durationMs: number;
}

/** A thread committed. */
export interface CommittedEvent extends ThreadPlace {
  readonly tasks: number;
  /** Input records that this commit made permanent. */
  readonly recordsIn: number;
  /** Records written to output, repartition and changelog topics. */
  readonly recordsOut: number;
  readonly durationMs: number;
}

/** A store (or a global table, then without `taskId`) is being restored. */
export interface RestoreEvent extends ThreadPlace {
  readonly taskId?: string;
  readonly topic: string;
  readonly partition: number;
  /** `abandoned`: the task was closed, or failed, before the end. */
  readonly phase: 'started' | 'progressed' | 'ended' | 'abandoned';
  readonly restoredRecords: number;
  /** Offsets from the begin to the end of what is restored: at least as many as there are records, for logs have gaps. */
  readonly totalRecords: number;
  readonly durationMs: number;
  /** Since the begin. */
  readonly recordsPerSecond: number;
}

/** How far the stores of a standby are behind; published about once a second, and when it is followed no more. */
export interface StandbyEvent extends TaskPlace {
  readonly phase: 'following' | 'ended';
  /** Changelog records that the stores have not; `undefined` until the ends of the changelogs are known. */
  readonly lagRecords: number | undefined;
}

/** The partitions of a member changed. */
export interface RebalanceEvent extends ThreadPlace {
  readonly kind: 'assigned' | 'revoked' | 'lost';
  readonly generationId: number;
  readonly partitions: readonly { readonly topic: string; readonly partition: number }[];
}

/** A record went to its dead-letter topic. */
export interface DeadLetterEvent extends ThreadPlace {
  readonly taskId?: string;
  readonly node: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly code: string;
}

/** Records were dropped without being an error, since the commit before. */
export interface DroppedEvent extends TaskPlace {
  /** Arrived after their window had closed. */
  readonly late: number;
  /** Lack a key or value that an operator needs. */
  readonly withoutKey: number;
}

/** Records arrived after their window had closed, since the commit before; the same count stands in {@link DroppedEvent}. */
export interface LateRecordsEvent extends TaskPlace {
  /** The sub-topology whose operators found them late: `<topology>/<id>`. */
  readonly node: string;
  readonly records: number;
}

/** Records failed and are tried again, since the commit before. */
export interface RetriedEvent extends ThreadPlace {
  readonly taskId?: string;
  /** The sub-topology, `<topology>/<id>`, or the name of the sink. */
  readonly node: string;
  /** `in-place`: after a pause, before anything else of the task; `retry-topic`: later, those that wait behind another included. */
  readonly where: 'in-place' | 'retry-topic';
  readonly records: number;
}

/** A thread changed its state. */
export interface ThreadStateEvent extends ThreadPlace {
  readonly from: ThreadState;
  readonly to: ThreadState;
}

/**
 * Where a task stands. `PAUSED`: restored, and held back by its application. `RESTARTING`: it has failed, and is opened again
 * after a delay.
 */
export type TaskState = 'CREATED' | 'RESTORING' | 'RUNNING' | 'PAUSED' | 'RESTARTING' | 'CLOSED';

/** A task changed its state. */
export interface TaskStateEvent extends TaskPlace {
  readonly state: TaskState;
}

/** How far an input partition is behind; published with each commit, and while idle. */
export interface LagEvent extends ThreadPlace {
  readonly topic: string;
  readonly partition: number;
  readonly lagRecords: number;
}

/** Something failed; says what is done about it. */
export interface FailureEvent extends ThreadPlace {
  readonly code: string;
  readonly message: string;
  readonly action: 'skip' | 'retry' | 'restart-task' | 'restart-tasks' | 'rejoin' | 'stop';
  /** The task that failed, where it is one alone. */
  readonly taskId?: string;
  /** How long is waited before the next try, in milliseconds. */
  readonly delayMs: number;
  readonly cause: unknown;
}

/** Topologies of an application were paused or resumed. */
export interface PauseEvent {
  readonly applicationId: string;
  readonly topologies: readonly string[];
  readonly isPaused: boolean;
}

/** A sink wrote a batch. */
export interface SinkWrittenEvent extends ThreadPlace {
  readonly topic: string;
  readonly partition: number;
  readonly records: number;
  readonly durationMs: number;
  /** From the `ingested-at` header to the end of the write, of the records that carry one. */
  readonly latency: LatencyCounts;
}

/** Everything that happens in the runtime, as typed channels `millrace:runtime.*`. */
export const runtimeChannels = {
  processed: diagnosticsChannel<ProcessedEvent>('runtime.processed'),
  committed: diagnosticsChannel<CommittedEvent>('runtime.committed'),
  restored: diagnosticsChannel<RestoreEvent>('runtime.restored'),
  standby: diagnosticsChannel<StandbyEvent>('runtime.standby'),
  rebalanced: diagnosticsChannel<RebalanceEvent>('runtime.rebalanced'),
  deadLettered: diagnosticsChannel<DeadLetterEvent>('runtime.dead-lettered'),
  dropped: diagnosticsChannel<DroppedEvent>('runtime.dropped'),
  retried: diagnosticsChannel<RetriedEvent>('runtime.retried'),
  late: diagnosticsChannel<LateRecordsEvent>('runtime.late'),
  threadState: diagnosticsChannel<ThreadStateEvent>('runtime.thread-state'),
  taskState: diagnosticsChannel<TaskStateEvent>('runtime.task-state'),
  lag: diagnosticsChannel<LagEvent>('runtime.lag'),
  paused: diagnosticsChannel<PauseEvent>('runtime.paused'),
  failed: diagnosticsChannel<FailureEvent>('runtime.failed'),
  sinkWritten: diagnosticsChannel<SinkWrittenEvent>('runtime.sink-written'),
};
