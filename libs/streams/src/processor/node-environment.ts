import type { TaskCalls } from '../call/task-calls.js';
import type { RecordCollector } from '../task/record-collector.js';
import type { TaskCounters } from '../task/task-counters.js';
import type { StateStore } from '../store/state-store.js';
import type { ReadOnlyTable } from '../store/global-store.js';
import type { RecordContext } from './record-context.js';
import type { StreamTime } from './stream-time.js';

/** What the operators of one task share. */
export interface NodeEnvironment {
  readonly taskId: string;
  readonly partition: number;
  readonly context: RecordContext;
  readonly counters: TaskCounters;
  readonly collector: RecordCollector;
  /** Wall-clock time in milliseconds, as the runtime last said. */
  readonly nowMs: () => number;
  /** The greatest record timestamp that the task has seen, in milliseconds; -1 before the first. */
  readonly taskStreamTimeMs: () => number;
  /** The store of that name; made with the task. */
  readonly store: (name: string) => StateStore;
  readonly globalTable: (name: string) => ReadOnlyTable;
  /** The full name of a topic: a repartition topic gets its application's prefix. */
  readonly topicName: (topic: string, isRepartition: boolean) => string;
  /** Where operators that call to the outside report to. */
  readonly calls: TaskCalls;
  /** The stream time of an operator, by its permanent name; the same name gives the same object. */
  readonly streamTime: (name: string) => StreamTime;
}
