import {
  FatalError,
  TaskError,
  TransientError,
  describeError,
  isMillraceError,
  type Disposition,
} from '@millrace/kernel';
import { takeBlame } from '../processor/blame.js';
import type { RecordContext } from '../processor/record-context.js';
import { sendDeadLetter } from './dead-letter.js';
import type { ResolvedErrorPolicy } from './error-policy.js';
import type { PartitionQueue } from './partition-queue.js';
import type { RecordCollector } from './record-collector.js';
import { retryDelayMs } from './retry-options.js';
import type { TaskCounters } from './task-counters.js';

/** What a task's failures need to know of it. */
export interface FailingTask {
  readonly taskId: string;
  readonly applicationId: string;
  readonly policy: ResolvedErrorPolicy;
  readonly context: RecordContext;
  readonly collector: RecordCollector;
  readonly counters: TaskCounters;
  readonly nowMs: () => number;
  /** From [0, 1). */
  readonly random: () => number;
  /** Where records cannot be taken back: what switches that on for the next task. */
  readonly recordUndo: { isOn: boolean } | undefined;
}

interface Held {
  readonly queue: PartitionQueue;
  readonly untilMs: number;
}

/**
 * Applies a topology's error policy to the record that a task is working on: it is tried again in place, goes to a retry topic,
 * becomes a dead letter, or ends the task with an error that has its place. What the record did is taken back before.
 */
export class RecordFailures {
  readonly #task: FailingTask;
  /** How often the record was tried in place without success. */
  #failures = 0;
  #held: Held | undefined;

  constructor(task: FailingTask) {
    this.#task = task;
  }

  /** The record that is to be tried again, and when; the task's other records wait for it. */
  get held(): Held | undefined {
    return this.#held;
  }

  /** The record that was held back is tried again. */
  release(): void {
    this.#held = undefined;
  }

  /** The task is done with the record. */
  settled(): void {
    this.#failures = 0;
  }

  /** A key or value that its serde refuses; returns when the record has become a dead letter. */
  unreadable(cause: unknown, queue: PartitionQueue): void {
    const { node } = queue.source;
    if (this.#task.policy.onDeserializationError === 'stop-app') throw this.#located(cause, node, 'stop-app');
    this.#deadLetter(cause, node, queue);
  }

  /** An error of an operator or handler. Returns whether the task is done with the record, else it is {@link held}. */
  failed(cause: unknown, queue: PartitionQueue): boolean {
    const { retry, retryTopic } = this.#task.policy;
    const found = takeBlame(cause);
    const node = found?.node ?? queue.source.node;
    const disposition = this.#dispositionOf(cause, found?.isProduction === true);
    this.#failures++;
    if (retry?.dispositions.includes(disposition) === true && this.#failures <= retry.attempts) {
      const atLeastMs = cause instanceof TransientError ? cause.retryAfterMs : 0;
      const delayMs = retryDelayMs(retry, this.#failures, this.#task.random(), atLeastMs);
      this.#held = { queue, untilMs: this.#task.nowMs() + delayMs };
      this.#task.counters.retriedInPlace++;
      return false;
    }
    const isTableWithoutPolicy = queue.source.isTable && queue.route === undefined;
    if (disposition === 'dead-letter' && isTableWithoutPolicy) {
      throw this.#located(cause, node, 'stop-app', TABLE_REMEDY);
    }
    if (disposition === 'dead-letter' && this.#task.recordUndo !== undefined) {
      this.#task.recordUndo.isOn = true;
      throw this.#located(cause, node, 'restart-task', UNDO_REMEDY);
    }
    if (disposition === 'dead-letter') this.#deadLetter(cause, node, queue);
    else if (disposition !== 'retry') throw this.#located(cause, node, disposition);
    else if (queue.route?.goesOn === true) {
      queue.route.sendOn({ code: codeOf(cause), node, attempts: this.#attempts(queue) });
    } else if (retry !== undefined || retryTopic !== undefined) this.#deadLetter(cause, node, queue);
    else throw this.#located(cause, node, 'restart-task');
    return true;
  }

  /**
   * The result of a call to the outside is a failure, or has led to one. The record was left behind long ago: it becomes a dead
   * letter, or the task starts again; retry topics are not for it, as later records of its key may have passed.
   *
   * @param isExhausted whether it was the call: its own tries are used up, so that what may pass by itself is given up where the
   *   policy goes on after failures.
   */
  resultFailed(cause: unknown, node: string, isExhausted: boolean): void {
    const { onProcessingError, retry, retryTopic } = this.#task.policy;
    const { recordUndo, context } = this.#task;
    const found = takeBlame(cause);
    const at = found?.node ?? node;
    const disposition = this.#dispositionOf(cause, found?.isProduction === true);
    const goesOn = onProcessingError === 'dead-letter' || retry !== undefined || retryTopic !== undefined;
    const isGivenUp = disposition === 'dead-letter' || (disposition === 'retry' && isExhausted && goesOn);
    if (!isGivenUp) throw this.#located(cause, at, disposition === 'stop-app' ? 'stop-app' : 'restart-task');
    if (context.offset < 0) throw this.#withoutRecord(cause, at);
    if (!isExhausted && recordUndo !== undefined) {
      recordUndo.isOn = true;
      throw this.#located(cause, at, 'restart-task', UNDO_REMEDY);
    }
    this.#sendDeadLetter(cause, at, 1);
  }

  /** An error of a punctuator: there is no record that could become a dead letter, so the task starts again instead. */
  punctuation(cause: unknown): TaskError | FatalError {
    const own = isMillraceError(cause) ? cause.disposition : this.#task.policy.onProcessingError;
    const message = `task ${this.#task.taskId} failed in a punctuator: ${textOf(cause)}`;
    const options = { cause, place: { taskId: this.#task.taskId } };
    return own === 'stop-app'
      ? new FatalError('MR_TASK_FAILED', message, options)
      : new TaskError('MR_TASK_FAILED', message, options);
  }

  /** Of a record that cannot be written the policy says whether it is one that can be given up; worse wins over that. */
  #dispositionOf(cause: unknown, isProduction: boolean): Disposition {
    const { onProcessingError, onProductionError } = this.#task.policy;
    const own = isMillraceError(cause) ? cause.disposition : undefined;
    if (isProduction && (own === undefined || own === 'dead-letter')) return onProductionError;
    return own ?? onProcessingError;
  }

  #attempts(queue: PartitionQueue): number {
    return (queue.route?.attempts ?? 0) + Math.max(1, this.#failures);
  }

  #deadLetter(cause: unknown, node: string, queue: PartitionQueue): void {
    this.#sendDeadLetter(cause, node, this.#attempts(queue));
    queue.route?.gaveUp();
  }

  #sendDeadLetter(cause: unknown, node: string, attempts: number): void {
    const { applicationId, collector, context, counters } = this.#task;
    sendDeadLetter(context, collector, cause, { application: applicationId, node, attempts });
    counters.deadLettered++;
  }

  /** What a store gave, such as an update that was held back for the commit, has no bytes of its own: the task starts again. */
  #withoutRecord(cause: unknown, node: string): TaskError {
    const { taskId } = this.#task;
    const message = `task ${taskId} failed in '${node}' at what came from a store: ${textOf(cause)}`;
    return new TaskError('MR_TASK_FAILED', message, { cause, place: { taskId, node } });
  }

  #located(
    cause: unknown,
    node: string,
    disposition: 'restart-task' | 'stop-app',
    remedy = '',
  ): TaskError | FatalError {
    const { taskId } = this.#task;
    const { topic, partition, offset } = this.#task.context;
    const message = `task ${taskId} failed at ${topic}-${partition}@${offset}: ${textOf(cause)} (in '${node}')${remedy}`;
    const options = { cause, place: { taskId, node, topic, partition, offset } };
    return disposition === 'stop-app'
      ? new FatalError('MR_TASK_FAILED', message, options)
      : new TaskError('MR_TASK_FAILED', message, options);
  }
}

const TABLE_REMEDY =
  "; a table can do without a record only under a policy that says so: set onProcessingError to 'dead-letter' or 'retry'";

const UNDO_REMEDY =
  "; from now on such records are taken back alone: set onProcessingError to 'dead-letter' to have that from the start";

function codeOf(cause: unknown): string {
  return isMillraceError(cause) ? cause.code : 'MR_TASK_FAILED';
}

/** The text of a foreign error may hold a payload; it stays in the cause. */
function textOf(cause: unknown): string {
  return isMillraceError(cause) || !(cause instanceof Error) ? describeError(cause) : cause.name;
}
