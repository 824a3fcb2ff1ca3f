import type { Fetcher } from '@millrace/client';
import { partitionKey, type TopicPartition } from '../assignment/task-layout.js';
import type { ActiveTask } from './active-task.js';
import { DrainWatch } from './drain-watch.js';

/** Who waits for a thread to have nothing left to do. */
export class ThreadDrains {
  readonly #fetcher: Fetcher;
  #watches: DrainWatch[] = [];

  constructor(fetcher: Fetcher) {
    this.#fetcher = fetcher;
  }

  get isEmpty(): boolean {
    return this.#watches.length === 0;
  }

  /** Resolves once {@link look} has seen that nothing was left to do. */
  wait(): Promise<void> {
    return new Promise((done) => this.#watches.push(new DrainWatch(done)));
  }

  /**
   * Takes a look at the running tasks.
   *
   * @param activity Changes whenever the thread does anything.
   * @param isQuiet Whether nothing waits to be committed, restored or advanced.
   */
  look(tasks: readonly ActiveTask[], activity: number, isQuiet: boolean): void {
    const places = new Map<string, TopicPartition>();
    for (const { partitions } of tasks)
      for (const place of partitions) places.set(partitionKey(place.topic, place.partition), place);
    const caughtUpAtMs = (key: string): number | undefined => {
      const place = places.get(key) as TopicPartition;
      return isQuiet && this.#fetcher.isCaughtUp(place) ? this.#fetcher.caughtUpAtMs(place) : undefined;
    };
    const view = { activity, partitions: [...places.keys()], caughtUpAtMs };
    const drained = new Set(this.#watches.filter((watch) => watch.isDrained(view) && isQuiet));
    this.#watches = this.#watches.filter((watch) => !drained.has(watch));
    for (const { done } of drained) done();
  }
}
