/**
 * The standbys of one thread: a loop beside the thread's own, on the same event loop, that follows their changelogs.
 *
 *   follow(keys) ──▶ followed ──take, when the task becomes active here──▶ gone
 *        ▲               └──follow without it──▶ gone
 *   leave(task), when it was active here
 *
 * Invariants:
 * - a store set is in one place at a time: here, or with an active task;
 * - only committed records are taken, each once, in order; nothing is committed, and no input is processed;
 * - a standby that cannot be followed is given up: it costs a longer restore later, never the thread.
 */
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { Admin, Fetcher, type Cluster, type CommittedOffset } from '@millrace/client';
import { describeError, dispositionOf, isMillraceError, sleep } from '@millrace/kernel';
import type { StoreSet } from '@millrace/streams';
import type { TaskPlacement, TopicPartition } from '../assignment/task-layout.js';
import { Backoff } from '../backoff/backoff.js';
import { runtimeChannels, type ThreadPlace } from '../diagnostics/channels.js';
import { StandbyTask } from './standby-task.js';

/** What {@link StandbyTasks} needs. */
export interface StandbyTasksParts {
  readonly place: ThreadPlace;
  readonly cluster: Cluster;
  /** All tasks of the application. */
  readonly placements: () => readonly TaskPlacement[];
  readonly createStores: (placement: TaskPlacement) => StoreSet;
  readonly committedOffsets: (partitions: readonly TopicPartition[]) => Promise<readonly CommittedOffset[]>;
}

const POLL_MS = 200;
/** How often lag is told, and the committed offsets of tables are asked for, in milliseconds. */
const TELL_INTERVAL_MS = 1_000;
/** Little: a standby that is behind must not crowd out the tasks that process. */
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024;

/** See the head of this file. */
export class StandbyTasks {
  readonly #parts: StandbyTasksParts;
  readonly #backoff: Backoff;
  readonly #tasks = new Map<string, StandbyTask>();
  /** Stores of tasks that were active here, until it is said whether they are followed. */
  readonly #left = new Map<string, StoreSet>();
  #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #isAsking = false;
  #hasChanged = false;
  #toldMs = -Infinity;

  constructor(parts: StandbyTasksParts) {
    this.#parts = parts;
    this.#backoff = new Backoff(parts.cluster.random);
  }

  get all(): readonly StandbyTask[] {
    return [...this.#tasks.values()];
  }

  get(taskKey: string): StandbyTask | undefined {
    return this.#tasks.get(taskKey);
  }

  /** Takes the stores of a task that was active here, as of its last commit; dropped unless the next {@link follow} names it. */
  leave(taskKey: string, stores: StoreSet): void {
    this.#left.set(taskKey, stores);
  }

  /** Hands over the stores of a task that becomes active here, and follows them no more. */
  take(taskKey: string): StoreSet | undefined {
    const left = this.#left.get(taskKey);
    this.#left.delete(taskKey);
    const followed = this.#end(taskKey)?.stores;
    if (followed !== undefined) left?.close();
    return followed ?? left;
  }

  /** Says which tasks are followed from now on, all of them. */
  follow(taskKeys: readonly string[]): void {
    const wanted = new Set(taskKeys);
    for (const key of this.#tasks.keys()) if (!wanted.has(key)) this.#end(key)?.stores.close();
    for (const placement of this.#parts.placements()) {
      const { key } = placement;
      if (!wanted.has(key) || this.#tasks.has(key)) continue;
      this.#tasks.set(key, new StandbyTask(placement, this.#left.get(key) ?? this.#parts.createStores(placement)));
      this.#left.delete(key);
      this.#hasChanged = true;
    }
    this.#dropLeft();
    if (this.#tasks.size > 0 && !this.#stopping.signal.aborted) this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    for (const key of [...this.#tasks.keys()]) this.#end(key)?.stores.close();
    this.#dropLeft();
  }

  #dropLeft(): void {
    for (const stores of this.#left.values()) stores.close();
    this.#left.clear();
  }

  #end(key: string): StandbyTask | undefined {
    const task = this.#tasks.get(key);
    if (task === undefined) return undefined;
    this.#tasks.delete(key);
    this.#hasChanged = true;
    this.#tell(task, 'ended');
    return task;
  }

  async #run(): Promise<void> {
    const { cluster } = this.#parts;
    const { signal } = this.#stopping;
    const options = { isolation: 'read_committed', maxWaitMs: POLL_MS, maxBufferedBytes: MAX_BUFFERED_BYTES } as const;
    const fetcher = new Fetcher(cluster, options);
    const abort = (): void => void fetcher.stop();
    signal.addEventListener('abort', abort, { once: true });
    await fetcher.start();
    while (this.#tasks.size > 0 && !signal.aborted) {
      try {
        await this.#turn(fetcher);
        this.#backoff.reset();
      } catch (error) {
        if (!signal.aborted) await this.#recover(error);
      }
    }
    signal.removeEventListener('abort', abort);
    await fetcher.stop();
    this.#running = undefined;
    // New ones may have come while the fetcher was being stopped.
    if (this.#tasks.size > 0 && !signal.aborted) this.#running = this.#run();
  }

  async #turn(fetcher: Fetcher): Promise<void> {
    if (this.#hasChanged) await this.#assign(fetcher);
    for (const batch of await fetcher.poll(POLL_MS)) {
      const task = this.#taskOf(batch);
      if (task !== undefined && !this.#apply(task, () => task.apply(batch))) this.#hasChanged = true;
      await yieldToEventLoop();
    }
    for (const task of this.#tasks.values()) {
      for (const changelog of task.stores.changelogs) {
        const endOffset = fetcher.endOffset(changelog);
        if (endOffset !== undefined) task.sawEnd(changelog, endOffset);
      }
    }
    const nowMs = this.#parts.cluster.clock.monotonicMs();
    if (nowMs - this.#toldMs < TELL_INTERVAL_MS) return;
    this.#toldMs = nowMs;
    for (const task of this.#tasks.values()) this.#tell(task, 'following');
    this.#askCommitted();
  }

  /** The fetcher reads what the standbys lack, each from where it is. */
  async #assign(fetcher: Fetcher): Promise<void> {
    this.#hasChanged = false;
    const unbegun = this.all.flatMap((task) => task.unbegun.map((changelog) => ({ task, ...changelog })));
    if (unbegun.length > 0) {
      const asked = unbegun.map(({ topic, partition }) => ({ topic, partition, at: 'earliest' as const }));
      const begins = await new Admin(this.#parts.cluster).listOffsets(asked);
      unbegun.forEach(({ task, store }, nth) => task.stores.reached(store, (begins[nth] as { offset: number }).offset));
      this.#toldMs = -Infinity;
    }
    fetcher.assign(this.all.flatMap((task) => task.places()));
  }

  /** Asks beside the loop how far tables may be followed: the answer waits for open transactions. */
  #askCommitted(): void {
    const sources = this.all.flatMap(({ sources: own }) => own);
    if (this.#isAsking || sources.length === 0) return;
    this.#isAsking = true;
    this.#parts
      .committedOffsets(sources.map(({ topic, partition }) => ({ topic, partition })))
      .then((committed) => {
        for (const place of committed) this.#taskOf(place)?.allow(place, place.offset ?? 0);
        this.#hasChanged = true;
      })
      .catch((error: unknown) => {
        if (!this.#stopping.signal.aborted) this.#tellFailure(error, 'retry', TELL_INTERVAL_MS);
      })
      .finally(() => (this.#isAsking = false));
  }

  async #recover(error: unknown): Promise<void> {
    const { topic, partition } = isMillraceError(error) ? error.place : {};
    const task = topic === undefined || partition === undefined ? undefined : this.#taskOf({ topic, partition });
    if (task !== undefined && isMillraceError(error) && error.code === 'MR_OFFSET_OUT_OF_RANGE') {
      if (!this.#startOver(task)) return;
    } else if (task !== undefined && dispositionOf(error, 'stop-app') !== 'retry') {
      this.#giveUp(task, error);
      return;
    }
    this.#hasChanged = true;
    const delayMs = this.#backoff.nextMs();
    this.#tellFailure(error, 'retry', delayMs);
    await sleep(this.#parts.cluster.clock, delayMs, this.#stopping.signal).catch(() => undefined);
  }

  /** For a task whose store has what the changelog does not hold any more. */
  #startOver(task: StandbyTask): boolean {
    return this.#apply(task, () => {
      task.stores.forget();
      this.#tasks.set(task.key, new StandbyTask(task.placement, this.#parts.createStores(task.placement)));
      return true;
    });
  }

  #apply(task: StandbyTask, apply: () => boolean): boolean {
    try {
      return apply();
    } catch (error) {
      this.#giveUp(task, error);
      return false;
    }
  }

  /** The task will be restored from its changelog when it comes here, and will say then what is wrong with that. */
  #giveUp(task: StandbyTask, error: unknown): void {
    this.#end(task.key)?.stores.close();
    this.#tellFailure(error, 'skip', 0);
  }

  #taskOf(place: TopicPartition): StandbyTask | undefined {
    for (const task of this.#tasks.values()) if (task.follows(place)) return task;
    return undefined;
  }

  #tell({ key, progress }: StandbyTask, phase: 'following' | 'ended'): void {
    if (!runtimeChannels.standby.hasSubscribers) return;
    runtimeChannels.standby.publish({ ...this.#parts.place, taskId: key, phase, lagRecords: progress.lagRecords });
  }

  #tellFailure(error: unknown, action: 'skip' | 'retry', delayMs: number): void {
    runtimeChannels.failed.publish({
      ...this.#parts.place,
      code: isMillraceError(error) ? error.code : 'unknown',
      message: `a standby: ${error instanceof Error ? error.message : describeError(error)}`,
      action,
      delayMs,
      cause: error,
    });
  }
}
