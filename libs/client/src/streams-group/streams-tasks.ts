import type { RequestDraftOf, ResponseOf, apis } from '@millrace/protocol';
import type { StreamsTaskId } from './streams-group-options.js';

type TaskIds = NonNullable<RequestDraftOf<typeof apis.StreamsGroupHeartbeat>['activeTasks']>;

type Answer = ResponseOf<typeof apis.StreamsGroupHeartbeat>;
type Description = ResponseOf<typeof apis.StreamsGroupDescribe>['groups'][number]['members'][number];

/** The tasks of a member, by what it does with them. */
export interface StreamsTasks {
  readonly active: readonly StreamsTaskId[];
  /** Standbys and warm-ups: a member treats them alike. */
  readonly standby: readonly StreamsTaskId[];
  readonly warmup: readonly StreamsTaskId[];
}

/** A member's tasks before it has any. */
export const NO_TASKS: StreamsTasks = { active: [], standby: [], warmup: [] };

/** What an answer assigns; `undefined` when nothing has changed. */
export function assignedTasks({ activeTasks, standbyTasks, warmupTasks }: Answer): StreamsTasks | undefined {
  if (activeTasks === null) return undefined;
  return { active: flat(activeTasks), standby: flat(standbyTasks ?? []), warmup: flat(warmupTasks ?? []) };
}

/** What a member has by a description of its group. */
export function describedTasks({ assignment }: Description): StreamsTasks {
  const { activeTasks, standbyTasks, warmupTasks } = assignment;
  return { active: flat(activeTasks), standby: flat(standbyTasks), warmup: flat(warmupTasks) };
}

/** Whether both say the same, in whatever order. */
export function areSameTasks(left: StreamsTasks, right: StreamsTasks): boolean {
  return keyOf(left) === keyOf(right);
}

/** Tasks as requests tell them. */
export function bySubtopology(tasks: readonly StreamsTaskId[]): TaskIds {
  return [...Map.groupBy(tasks, ({ subtopologyId }) => subtopologyId)].map(([subtopologyId, members]) => ({
    subtopologyId,
    partitions: members.map(({ partition }) => partition),
  }));
}

/** One text for a task. */
export function taskKey({ subtopologyId, partition }: StreamsTaskId): string {
  return `${subtopologyId}_${partition}`;
}

function flat(tasks: NonNullable<Answer['activeTasks']>): StreamsTaskId[] {
  return tasks.flatMap(({ subtopologyId, partitions }) =>
    partitions.map((partition) => ({ subtopologyId, partition })),
  );
}

function keyOf({ active, standby, warmup }: StreamsTasks): string {
  return [active, standby, warmup].map((tasks) => tasks.map(taskKey).sort().join()).join('/');
}
