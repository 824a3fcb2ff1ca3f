/**
 * The tasks of one thread: opened for what the member owns, started in the background, run, closed.
 *
 *   owned ──openMissing──▶ RESTORING ──ready, runStarted──▶ RUNNING ──close──▶ CLOSED
 *                              └───────────────close──────────────────────────────▲
 *
 * Invariants: a running task has its offsets and stores; the fetcher reads exactly the partitions of running tasks; a task
 * that was closed while it was being started never runs.
 */
import type { FetchedBatch } from '@millrace/client';
import { partitionKey, type TopicPartition } from '../assignment/task-layout.js';
import type { StoreReplica } from '../query/store-replica.js';
import type { ActiveTask } from './active-task.js';
import type { ReadPosition } from './end-confirmation.js';
import type { StreamThreadParts } from './stream-thread-parts.js';

/** What the tasks of a thread need of it. */
export type ThreadTasksParts = Pick<
  StreamThreadParts,
  'fetcher' | 'placementsOf' | 'createTask' | 'startTasks' | 'wakeUp' | 'standbys' | 'output'
>;

/** See the head of this file. */
export class ThreadTasks {
  readonly #parts: ThreadTasksParts;
  readonly #byKey = new Map<string, ActiveTask>();
  readonly #byPartition = new Map<string, ActiveTask>();
  #owned: readonly TopicPartition[] = [];
  #followed: readonly string[] = [];
  #running: readonly ActiveTask[] = [];
  #started: ActiveTask[] = [];
  #startFailure: Error | undefined;

  constructor(parts: ThreadTasksParts) {
    this.#parts = parts;
  }

  get all(): readonly ActiveTask[] {
    return [...this.#byKey.values()];
  }

  get running(): readonly ActiveTask[] {
    return this.#running;
  }

  /** Whether a task is not running yet. */
  get isRestoring(): boolean {
    return this.#byKey.size > this.#running.length;
  }

  /** The stores of a task of this thread, for queries. */
  replica(key: string): StoreReplica | undefined {
    return this.#byKey.get(key)?.replica;
  }

  /** Says what the member owns now, all of it. */
  own(partitions: readonly TopicPartition[]): void {
    this.#owned = partitions;
  }

  /** Says what the member does not own any more. */
  disown(partitions: readonly TopicPartition[]): void {
    const gone = new Set(partitions.map(keyOf));
    this.#owned = this.#owned.filter((each) => !gone.has(keyOf(each)));
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

  /** Opens a task for everything that is owned and has none, and begins to start it. */
  openMissing(): void {
    const { placementsOf, createTask, startTasks, wakeUp, standbys } = this.#parts;
    const missing = placementsOf(this.#owned).filter(({ key }) => !this.#byKey.has(key));
    const tasks = missing.map((placement) => createTask(placement, standbys.take(placement.key)));
    standbys.follow(this.#followed.filter((key) => !this.#byKey.has(key)));
    if (tasks.length === 0) return;
    for (const task of tasks) {
      this.#byKey.set(task.key, task);
      for (const place of task.partitions) this.#byPartition.set(keyOf(place), task);
      task.moveTo('RESTORING');
    }
    const ready = (task: ActiveTask): void => {
      this.#started.push(task);
      wakeUp.wake();
    };
    startTasks(tasks, ready).catch((error: Error) => {
      if (tasks.some(({ closing }) => !closing.signal.aborted)) this.#startFailure ??= error;
      wakeUp.wake();
    });
  }

  /** Runs the tasks that are ready. @throws what has ended the start of a task. */
  runStarted(): void {
    const failure = this.#startFailure;
    this.#startFailure = undefined;
    if (failure !== undefined) throw failure;
    const started = this.#started.splice(0).filter(({ closing }) => !closing.signal.aborted);
    if (started.length === 0) return;
    for (const task of started) task.moveTo('RUNNING');
    this.#running = [...this.#running, ...started];
    this.#assign();
  }

  /** Closes tasks; what they have not committed is lost. */
  close(tasks: readonly ActiveTask[]): void {
    if (tasks.length === 0) return;
    for (const task of tasks) {
      this.#byKey.delete(task.key);
      for (const place of task.partitions) this.#byPartition.delete(keyOf(place));
      task.close();
    }
    this.#running = this.#running.filter((task) => !tasks.includes(task));
    if (this.#byKey.size === 0) this.#startFailure = undefined;
    this.#assign();
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
    if (task?.state === 'RUNNING') task.addBatch(batch);
  }

  /**
   * The task that is furthest behind in time, among those that have a record to process: so that tasks of one thread stay
   * close together in stream time.
   */
  next(nowMs: number): ActiveTask | undefined {
    let next: ActiveTask | undefined;
    let earliestMs = Infinity;
    for (const task of this.#running) {
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

  /** Forwards the results of calls that are there. */
  async forwardResults(): Promise<void> {
    for (const task of this.#running) if (task.hasResults) await task.forwardResults();
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

  /** The fetcher reads what running tasks read: from where it is, or else from where the task begins. */
  #assign(): void {
    const { fetcher } = this.#parts;
    const places = this.#running.flatMap((task) =>
      task.partitions.map((place) => ({ ...place, offset: fetcher.position(place) ?? task.startOffset(place) })),
    );
    fetcher.assign(places);
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return partitionKey(topic, partition);
}
