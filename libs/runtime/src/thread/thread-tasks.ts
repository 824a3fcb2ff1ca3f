import type { AssignedPartition, FetchedBatch, Fetcher } from '@millrace/client';
import { partitionKey, type TopicPartition } from '../assignment/task-layout.js';
import type { ActiveTask } from './active-task.js';

/** The tasks of one thread: those that run, and those that are still being started. */
export class ThreadTasks {
  readonly #byKey = new Map<string, ActiveTask>();
  readonly #byPartition = new Map<string, ActiveTask>();
  #running: readonly ActiveTask[] = [];

  get all(): readonly ActiveTask[] {
    return [...this.#byKey.values()];
  }

  get running(): readonly ActiveTask[] {
    return this.#running;
  }

  get(key: string): ActiveTask | undefined {
    return this.#byKey.get(key);
  }

  add(task: ActiveTask): void {
    this.#byKey.set(task.key, task);
    for (const { topic, partition } of task.partitions) this.#byPartition.set(partitionKey(topic, partition), task);
  }

  /** The task has its offsets and stores: from now on it gets records. */
  run(task: ActiveTask): void {
    task.moveTo('RUNNING');
    this.#running = [...this.#running, task];
  }

  /** Forgets a task; closing it is up to the caller. */
  remove(task: ActiveTask): void {
    this.#byKey.delete(task.key);
    for (const { topic, partition } of task.partitions) this.#byPartition.delete(partitionKey(topic, partition));
    this.#running = this.#running.filter((each) => each !== task);
  }

  /** The tasks that read any of the partitions. */
  of(partitions: readonly TopicPartition[]): readonly ActiveTask[] {
    const found = partitions.map(({ topic, partition }) => this.#byPartition.get(partitionKey(topic, partition)));
    return [...new Set(found.filter((task) => task !== undefined))];
  }

  /** Hands a batch to the task that reads its partition; one that belongs to none (it was just closed) is dropped. */
  feed(batch: FetchedBatch): void {
    const task = this.#byPartition.get(partitionKey(batch.topic, batch.partition));
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

  /** Pauses inputs that hold more than `maxBytes`, and resumes them at half of that. */
  holdBack(fetcher: Fetcher, maxBytes: number): void {
    for (const task of this.#running) {
      const { pause, resume } = task.holdBack(maxBytes);
      if (pause.length > 0) fetcher.pause(pause);
      if (resume.length > 0) fetcher.resume(resume);
    }
  }

  /** What the fetcher is to read: partitions of running tasks, each from where it is, or else from its start. */
  toFetch(fetcher: Fetcher): AssignedPartition[] {
    return this.#running.flatMap((task) =>
      task.partitions.map((place) => ({ ...place, offset: fetcher.position(place) ?? task.startOffset(place) })),
    );
  }

  /** Tells each task which of its partitions have nothing more for now. */
  observe(fetcher: Fetcher): void {
    for (const task of this.#running) {
      for (const place of task.partitions) {
        task.observe(place, fetcher.isCaughtUp(place), fetcher.caughtUpAtMs(place));
      }
    }
  }
}
