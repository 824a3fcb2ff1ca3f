import { FatalError, TaskError, describeError, dispositionOf, isMillraceError } from '@millrace/kernel';
import type { RecordContext } from '../processor/record-context.js';
import { sendDeadLetter } from './dead-letter.js';
import type { ErrorPolicy } from './error-policy.js';
import type { RecordCollector } from './record-collector.js';
import type { TaskCounters } from './task-counters.js';

/** What a task's failures need to know of it. */
export interface FailingTask {
  readonly taskId: string;
  readonly applicationId: string;
  readonly policy: ErrorPolicy;
  readonly context: RecordContext;
  readonly collector: RecordCollector;
  readonly counters: TaskCounters;
}

/** Applies a topology's error policy to the record that a task is working on: a dead letter, or an error with its place. */
export class RecordFailures {
  readonly #task: FailingTask;

  constructor(task: FailingTask) {
    this.#task = task;
  }

  /** A key or value that its serde refuses; returns when the record has become a dead letter. */
  unreadable(cause: unknown, node: string): void {
    if (this.#task.policy.onDeserializationError === 'stop-app') throw this.#located(cause, 'stop-app');
    this.#deadLetter(cause, node);
  }

  /** An error of an operator or handler; returns when the record has become a dead letter. */
  failed(cause: unknown, node: string): void {
    const disposition = dispositionOf(cause, this.#task.policy.onProcessingError);
    if (disposition === 'dead-letter') this.#deadLetter(cause, node);
    else throw this.#located(cause, disposition === 'stop-app' ? 'stop-app' : 'restart-task');
  }

  /**
   * An error of a call to the outside whose tries are used up. As {@link failed}; but what may pass by itself has been tried
   * again already, so it becomes a dead letter where the policy wants that.
   */
  exhausted(cause: unknown, node: string): void {
    const { onProcessingError } = this.#task.policy;
    const mayPass = dispositionOf(cause, onProcessingError) === 'retry';
    if (mayPass && onProcessingError === 'dead-letter') this.#deadLetter(cause, node);
    else this.failed(cause, node);
  }

  /** An error of a punctuator: there is no record that could become a dead letter, so the task starts again instead. */
  punctuation(cause: unknown): TaskError | FatalError {
    const disposition = dispositionOf(cause, this.#task.policy.onProcessingError);
    const message = `task ${this.#task.taskId} failed in a punctuator: ${textOf(cause)}`;
    const options = { cause, place: { taskId: this.#task.taskId } };
    return disposition === 'stop-app'
      ? new FatalError('MR_TASK_FAILED', message, options)
      : new TaskError('MR_TASK_FAILED', message, options);
  }

  #deadLetter(cause: unknown, node: string): void {
    const { applicationId, collector, context, counters } = this.#task;
    if (context.offset < 0) throw this.#withoutRecord(cause, node);
    sendDeadLetter(context, collector, cause, { application: applicationId, node });
    counters.deadLettered++;
  }

  /** What a store gave, such as an update that was held back for the commit, has no bytes of its own: the task starts again. */
  #withoutRecord(cause: unknown, node: string): TaskError {
    const { taskId } = this.#task;
    const message = `task ${taskId} failed in '${node}' at what came from a store: ${textOf(cause)}`;
    return new TaskError('MR_TASK_FAILED', message, { cause, place: { taskId, node } });
  }

  #located(cause: unknown, disposition: 'restart-task' | 'stop-app'): TaskError | FatalError {
    const { taskId } = this.#task;
    const { topic, partition, offset } = this.#task.context;
    const message = `task ${taskId} failed at ${topic}-${partition}@${offset}: ${textOf(cause)}`;
    const options = { cause, place: { taskId, topic, partition, offset } };
    return disposition === 'stop-app'
      ? new FatalError('MR_TASK_FAILED', message, options)
      : new TaskError('MR_TASK_FAILED', message, options);
  }
}

/** The text of a foreign error may hold a payload; it stays in the cause. */
function textOf(cause: unknown): string {
  return isMillraceError(cause) || !(cause instanceof Error) ? describeError(cause) : cause.name;
}
