/**
 * The tasks of one thread: opened for what the member owns, started in the background, run, closed.
 *
 *   owned ──openMissing──▶ RESTORING ──ready, runStarted──▶ RUNNING ◄─pauses─► PAUSED ──close──▶ CLOSED
 *              ▲               ├───────────────close──────────────────────────────────────────────▲
 *              └─ RESTARTING ◀─┴─ its failure ── RUNNING
 *
 * Invariants: a running task has its offsets and stores; the fetcher reads exactly the partitions of running tasks; a task
 * that was closed while it was being started never runs; one that has failed is opened again after its delay, not before.
 */
import type { FetchedBatch } from '@millrace/client';
import { TransientError } from '@millrace/kernel';
import type { TaskHealth } from '../app/app-state.js';
import { partitionKey, type TaskPlacement, type TopicPartition } from '../assignment/task-layout.js';
import { runtimeChannels } from '../diagnostics/channels.js';
import type { StoreReplica } from '../query/store-replica.js';
import type { ActiveTask } from './active-task.js';
import type { ReadPosition } from './end-confirmation.js';
import { failureAction } from './failure-action.js';
import type { StreamThreadParts } from './stream-thread-parts.js';

/** What the tasks of a thread need of it. */
export type ThreadTasksParts = Pick<
  StreamThreadParts,
  | 'place'
  | 'fetcher'
  | 'placementsOf'
  | 'createTask'
  | 'startTasks'
  | 'wakeUp'
  | 'standbys'
  | 'output'
  | 'restarts'
  | 'isPaused'
>;

/** The start of one task, or of all that were to be started together, has failed. */
export interface StartFailure {
  readonly error: unknown;
  /** The tasks that it concerns. */
  readonly tasks: readonly ActiveTask[];
}

/** See the head of this file. */
export class ThreadTasks {
  readonly #parts: ThreadTasksParts;
  readonly #byKey = new Map<string, ActiveTask>();
  readonly #byPartition = new Map<string, ActiveTask>();
  #owned: readonly TopicPartition[] = [];
  #followed: readonly string[] = [];
  #running: readonly ActiveTask[] = [];
  #started: ActiveTask[] = [];
  #startFailures: StartFailure[] = [];
  /** What could not be made, and why, until it is said when it is tried again. */
  readonly #unopened = new Map<string, unknown>();

  constructor(parts: ThreadTasksParts) {
    this.#parts = parts;
  }

  get all(): readonly ActiveTask[] {
    return [...this.#byKey.values()];
  }

  get running(): readonly ActiveTask[] {
    return this.#running;
  }

  /** Whether a task is not running yet, or not again. */
  get isRestoring(): boolean {
    const { restarts } = this.#parts;
    return this.#byKey.size > this.#running.length || this.#unopened.size > 0 || restarts.isAnyWaiting;
  }

  /** How each task does, those included that wait to be opened again. */
  health(): TaskHealth[] {
    const { restarts } = this.#parts;
    const open = this.all.map(({ key, state }) => ({ taskId: key, state }));
    const waiting = restarts.waiting.map((key) => ({ taskId: key, state: 'RESTARTING' as const }));
    return [...open, ...waiting].map((task) => {
      const lastFailure = restarts.lastFailure(task.taskId);
      return lastFailure === undefined ? task : { ...task, lastFailure };
    });
  }

  /** The stores of a task of this thread, for queries. */
  replica(key: string): StoreReplica | undefined {
    return this.#byKey.get(key)?.replica;
  }

  /** Says what the member owns now, all of it. */
  own(partitions: readonly TopicPartition[]): void {
    this.#owned = partitions;
    this.#forgetRestarts();
  }

  /** Tasks that read other partitions now than when they were opened, as more topics match a pattern. */
  get outgrown(): readonly ActiveTask[] {
    return this.#parts.placementsOf(this.#owned).flatMap(({ key, partitions }) => {
      const task = this.#byKey.get(key);
      return task === undefined || task.partitions.length === partitions.length ? [] : [task];
    });
  }

  /** Says what the member does not own any more. */
  disown(partitions: readonly TopicPartition[]): void {
    const gone = new Set(partitions.map(keyOf));
    this.#owned = this.#owned.filter((each) => !gone.has(keyOf(each)));
    this.#forgetRestarts();
  }

  /** The tasks that read any of the partitions. */
  of(partitions: readonly TopicPartition[]): readonly ActiveTask[] {
    const found = partitions.map((each) => this.#byPartition.get(keyOf(each)));
    return [...new Set(found.filter((task) => task !== undefined))];
  }

  /** Says which tasks have their stores kept up to date here although they are active elsewhere; takes effect with {@link openMissing}. */
  follow(taskKeys: readonly string[]): void {
    this.#followed = taskKeys;
  }

  /** Opens the tasks that were to wait and need not wait any longer. */
  openDue(): void {
    if (this.#parts.restarts.isAnyDue) this.openMissing();
  }

  /** Opens a task for everything that is owned and has none, and begins to start it; those that must wait are left out. */
  openMissing(): void {
    const { placementsOf, startTasks, wakeUp, standbys, restarts } = this.#parts;
    const missing = placementsOf(this.#owned).filter(({ key }) => !this.#byKey.has(key) && !restarts.mustWait(key));
    const tasks = missing.flatMap((placement) => this.#open(placement) ?? []);
    standbys.follow(this.#followed.filter((key) => !this.#byKey.has(key)));
    if (tasks.length === 0) return;
    const ready = (task: ActiveTask): void => {
      this.#started.push(task);
      wakeUp.wake();
    };
    const failed = (of: readonly ActiveTask[], error: unknown): void => {
      this.#startFailures.push({ error, tasks: of });
      wakeUp.wake();
    };
    startTasks(tasks, ready, (task, error) => failed([task], error)).catch((error: unknown) => failed(tasks, error));
  }

  /** @returns undefined where the task could not be made, which is one of {@link takeStartFailures} then. */
  #open(placement: TaskPlacement): ActiveTask | undefined {
    const { createTask, standbys, restarts, wakeUp } = this.#parts;
    const { key } = placement;
    restarts.opened(key);
    try {
      const task = createTask(placement, standbys.take(key));
      this.#byKey.set(key, task);
      for (const place of task.partitions) this.#byPartition.set(keyOf(place), task);
      task.moveTo('RESTORING');
      return task;
    } catch (error) {
      this.#unopened.set(key, error);
      wakeUp.wake();
      return undefined;
    }
  }

  /**
   * The tasks that could not be made since the last call: each waits to be opened again.
   *
   * @param tell Told of each, with the time that it waits in milliseconds.
   * @throws what concerns more than the task, and {@link FatalError} (stop-app) when one has failed too often.
   */
  putOffUnopened(tell: (key: string, error: unknown, delayMs: number) => void): void {
    const unopened = [...this.#unopened];
    this.#unopened.clear();
    for (const [key, error] of unopened) {
      if (failureAction(error) !== 'restart-tasks') throw error;
      if (!this.#ownedKeys().has(key)) continue;
      tell(key, error, this.#waitAfter(key, error));
    }
  }

  /** What has ended the start of tasks that are still to run, since the last call. */
  takeStartFailures(): readonly StartFailure[] {
    return this.#startFailures.splice(0).filter(({ tasks }) => tasks.some(({ closing }) => !closing.signal.aborted));
  }

  /** Runs the tasks that are ready, and holds back or lets go on those whose topology was paused or resumed. */
  runStarted(): void {
    const started = this.#started.splice(0).filter(({ closing }) => !closing.signal.aborted);
    if (started.length > 0) {
      this.#running = [...this.#running, ...started];
      this.#assign();
    }
    for (const task of this.#running) task.moveTo(this.#parts.isPaused(task.placement) ? 'PAUSED' : 'RUNNING');
  }

  /**
   * A running task has failed: it is closed, to be opened again later, and the others go back to the last commit, as the
   * transaction that they share is given up.
   *
   * @returns how long the task waits, in milliseconds.
   * @throws {FatalError} (stop-app) when it has failed too often.
   */
  restart(failed: ActiveTask, error: unknown): number {
    const delayMs = failed.closing.signal.aborted ? 0 : this.#restartLater(failed, error);
    const rewound = this.#running.flatMap((task) => task.rollback());
    this.#assign(new Map(rewound.map((place) => [keyOf(place), place.offset])));
    this.#parts.fetcher.resume(rewound);
    return delayMs;
  }

  /**
   * Tasks could not be started: they are closed, and opened again after a delay. Those that are ready are not concerned.
   *
   * @returns the longest delay, in milliseconds.
   * @throws {FatalError} (stop-app) when a task has failed too often.
   */
  restartStart({ error, tasks }: StartFailure): number {
    const unready = tasks.filter((task) => !task.closing.signal.aborted && !this.#isReady(task));
    return Math.max(0, ...unready.map((task) => this.#restartLater(task, error)));
  }

  /** What the tasks did is permanent. */
  committed(): void {
    for (const { key } of this.#running) this.#parts.restarts.committed(key);
  }

  /** Closes tasks; what they have not committed is lost. @throws what the first of them throws, when all are closed. */
  close(tasks: readonly ActiveTask[]): void {
    if (tasks.length === 0) return;
    const errors: unknown[] = [];
    for (const task of tasks) {
      this.#byKey.delete(task.key);
      for (const place of task.partitions) this.#byPartition.delete(keyOf(place));
      try {
        task.close();
      } catch (error) {
        errors.push(error);
      }
    }
    this.#running = this.#running.filter((task) => !tasks.includes(task));
    this.#assign();
    if (errors.length > 0) throw errors[0];
  }

  /** Closes tasks that have nothing to commit, and keeps their stores until it is known whether they are followed. */
  release(tasks: readonly ActiveTask[]): void {
    const { output, standbys } = this.#parts;
    const left = tasks.map((task) => [task.key, task.storesToLeave(output.batches)] as const);
    this.close(tasks);
    for (const [key, stores] of left) if (stores !== undefined) standbys.leave(key, stores);
  }

  /** Hands a batch to the task that reads its partition; one that belongs to none (it was just closed) is dropped. */
  feed(batch: FetchedBatch): void {
    const task = this.#byPartition.get(keyOf(batch));
    if (task?.isReady === true) task.addBatch(batch);
  }

  /**
   * The task that is furthest behind in time, among those that have a record to process: so that tasks of one thread stay
   * close together in stream time.
   */
  next(nowMs: number): ActiveTask | undefined {
    let next: ActiveTask | undefined;
    let earliestMs = Infinity;
    for (const task of this.#running) {
      if (task.state === 'PAUSED') continue;
      const headMs = task.headTimestampMs(nowMs);
      if (headMs !== undefined && (next === undefined || headMs < earliestMs)) {
        next = task;
        earliestMs = headMs;
      }
    }
    return next;
  }

  /** Whether results of calls to the outside can be forwarded. */
  get haveResults(): boolean {
    return this.#running.some((task) => task.hasResults);
  }

  /** Whether calls to the outside are under way. */
  get areCalling(): boolean {
    return this.#running.some((task) => task.isCalling);
  }

  /** Lets tasks that call to the outside take no more records until the next commit; the others go on. */
  haltIntake(): void {
    for (const task of this.#running) task.haltIntake();
  }

  /** Tells each task which of its partitions have nothing more for now. */
  observe(): void {
    const { fetcher } = this.#parts;
    for (const task of this.#running) {
      for (const place of task.partitions) {
        task.observe(place, fetcher.isCaughtUp(place), fetcher.caughtUpAtMs(place));
      }
    }
  }

  /** How far the inputs of running tasks were read. */
  positions(): ReadPosition[] {
    return this.#running.flatMap((task) => task.positions(this.#parts.fetcher));
  }

  /** Pauses inputs that hold more than `maxBytes`, and resumes them at half of that. */
  holdBack(maxBytes: number): void {
    const { fetcher } = this.#parts;
    for (const task of this.#running) {
      const { pause, resume } = task.holdBack(maxBytes);
      if (pause.length > 0) fetcher.pause(pause);
      if (resume.length > 0) fetcher.resume(resume);
    }
  }

  #restartLater(task: ActiveTask, error: unknown): number {
    const delayMs = this.#parts.restarts.failed(task.key, error, retryAfterMs(error));
    this.close([task]);
    this.#tellRestarting(task.key);
    return delayMs;
  }

  #waitAfter(key: string, error: unknown): number {
    const delayMs = this.#parts.restarts.failed(key, error, retryAfterMs(error));
    this.#tellRestarting(key);
    return delayMs;
  }

  #tellRestarting(taskId: string): void {
    runtimeChannels.taskState.publish({ ...this.#parts.place, taskId, state: 'RESTARTING' });
  }

  #isReady(task: ActiveTask): boolean {
    return this.#running.includes(task) || this.#started.includes(task);
  }

  #forgetRestarts(): void {
    const { restarts, place } = this.#parts;
    for (const taskId of restarts.keep(this.#ownedKeys())) {
      runtimeChannels.taskState.publish({ ...place, taskId, state: 'CLOSED' });
    }
  }

  #ownedKeys(): ReadonlySet<string> {
    return new Set(this.#parts.placementsOf(this.#owned).map(({ key }) => key));
  }

  /**
   * The fetcher reads what running tasks read: from where they were set back to, else from where it is, else from where the
   * task begins.
   */
  #assign(rewound?: ReadonlyMap<string, number>): void {
    const { fetcher } = this.#parts;
    const places = this.#running.flatMap((task) =>
      task.partitions.map((place) => ({
        ...place,
        offset: rewound?.get(keyOf(place)) ?? fetcher.position(place) ?? task.startOffset(place),
      })),
    );
    fetcher.assign(places);
  }
}

function retryAfterMs(error: unknown): number {
  return error instanceof TransientError ? (error.retryAfterMs ?? 0) : 0;
}

function keyOf({ topic, partition }: TopicPartition): string {
  return partitionKey(topic, partition);
}
