import { FatalError, describeError, dispositionOf, type Clock, type Random } from '@millrace/kernel';
import { Backoff } from '../backoff/backoff.js';

/** Bounds of {@link TaskRestarts}. */
export interface TaskRestartLimits {
  /** So many restarts of one task within the window are tried; the next failure ends the application. */
  readonly maxRestarts: number;
  /** How long a failure counts, in milliseconds. */
  readonly windowMs: number;
}

interface Failures {
  /** When the failures that count against the limit happened, in monotonic milliseconds. */
  countedAtMs: number[];
  lastAtMs: number;
  readonly backoff: Backoff;
  /** When the task is opened again; `undefined` while it is open. */
  dueMs: number | undefined;
  lastFailure: string | undefined;
}

/**
 * What has failed among the tasks of a thread, and when each is opened again: after delays that double from failure to
 * failure within the window.
 *
 * Failures that may mend themselves (`retry`) delay a task but never end the application, however many there are.
 */
export class TaskRestarts {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #limits: TaskRestartLimits;
  readonly #byTask = new Map<string, Failures>();

  constructor(clock: Clock, random: Random, limits: TaskRestartLimits) {
    this.#clock = clock;
    this.#random = random;
    this.#limits = limits;
  }

  /** The tasks that wait to be opened again. */
  get waiting(): readonly string[] {
    return [...this.#byTask].filter(([, { dueMs }]) => dueMs !== undefined).map(([key]) => key);
  }

  get isAnyWaiting(): boolean {
    for (const { dueMs } of this.#byTask.values()) if (dueMs !== undefined) return true;
    return false;
  }

  /** Whether a task that waits may be opened now. */
  get isAnyDue(): boolean {
    const nowMs = this.#clock.monotonicMs();
    for (const { dueMs } of this.#byTask.values()) if (dueMs !== undefined && dueMs <= nowMs) return true;
    return false;
  }

  /**
   * A task has failed and waits to be opened again.
   *
   * @param atLeastMs What the other side asked to wait, in milliseconds.
   * @returns how long it waits, in milliseconds.
   * @throws {FatalError} (stop-app) `MR_TASK_FAILED` when it has failed too often.
   */
  failed(key: string, error: unknown, atLeastMs = 0): number {
    const nowMs = this.#clock.monotonicMs();
    const failures = this.#recent(key, nowMs);
    failures.lastAtMs = nowMs;
    failures.lastFailure = describeError(error);
    if (dispositionOf(error, 'restart-task') !== 'retry') failures.countedAtMs.push(nowMs);
    const { maxRestarts, windowMs } = this.#limits;
    if (failures.countedAtMs.length > maxRestarts) {
      throw new FatalError(
        'MR_TASK_FAILED',
        `task ${key} has failed again after ${maxRestarts} restarts within ${windowMs} ms (${failures.lastFailure}): mend the cause, or raise maxTaskRestarts`,
        { cause: error, place: { taskId: key } },
      );
    }
    const delayMs = failures.backoff.nextMs(atLeastMs);
    failures.dueMs = nowMs + delayMs;
    return delayMs;
  }

  /** Whether a task still has to wait; one that is due waits no longer. */
  mustWait(key: string): boolean {
    const dueMs = this.#byTask.get(key)?.dueMs;
    return dueMs !== undefined && dueMs > this.#clock.monotonicMs();
  }

  /** The task has been opened. */
  opened(key: string): void {
    const failures = this.#byTask.get(key);
    if (failures !== undefined) failures.dueMs = undefined;
  }

  /** The task has committed: what went wrong with it is over. */
  committed(key: string): void {
    const failures = this.#byTask.get(key);
    if (failures !== undefined) failures.lastFailure = undefined;
  }

  /** What went wrong with the task last; `undefined` when it has committed since. */
  lastFailure(key: string): string | undefined {
    return this.#byTask.get(key)?.lastFailure;
  }

  /** Forgets all tasks but these, as others own them. @returns those of them that were waiting. */
  keep(keys: ReadonlySet<string>): readonly string[] {
    const forgotten = this.waiting.filter((key) => !keys.has(key));
    for (const key of this.#byTask.keys()) if (!keys.has(key)) this.#byTask.delete(key);
    return forgotten;
  }

  /** The failures that still count; the first one after a window without any starts over with short delays. */
  #recent(key: string, nowMs: number): Failures {
    const sinceMs = nowMs - this.#limits.windowMs;
    let failures = this.#byTask.get(key);
    if (failures === undefined) {
      const backoff = new Backoff(this.#random);
      failures = { countedAtMs: [], lastAtMs: nowMs, backoff, dueMs: undefined, lastFailure: undefined };
      this.#byTask.set(key, failures);
    }
    if (failures.lastAtMs < sinceMs) failures.backoff.reset();
    failures.countedAtMs = failures.countedAtMs.filter((atMs) => atMs >= sinceMs);
    return failures;
  }
}
