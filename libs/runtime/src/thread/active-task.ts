import type { FetchedBatch, Fetcher, OffsetToCommit } from '@millrace/client';
import type { StoreSet, StreamTask } from '@millrace/streams';
import { partitionKey, type TaskPlacement, type TopicPartition } from '../assignment/task-layout.js';
import { runtimeChannels, type TaskState, type ThreadPlace } from '../diagnostics/channels.js';
import type { OutputBatches } from '../output/output-batches.js';
import type { StoreReplica } from '../query/store-replica.js';
import { StoreProgress } from '../restore/store-progress.js';
import { EndConfirmation, type AskEnds, type ReadPosition } from './end-confirmation.js';
import { FetchedRun } from './fetched-run.js';
import { IdleWatch } from './idle-watch.js';

interface Input extends TopicPartition {
  readonly key: string;
  startOffset: number;
  committedOffset: number;
  bufferedBytes: number;
  isPaused: boolean;
}

/** A task on a thread: the engine's task, and what the thread knows of its inputs. */
export class ActiveTask {
  readonly placement: TaskPlacement;
  readonly task: StreamTask;
  /** How far its stores are restored. */
  readonly progress: StoreProgress;
  /** Ends the start (offsets, restore) of a task that is closed before it runs. */
  readonly closing = new AbortController();
  readonly #place: ThreadPlace;
  readonly #inputs: readonly Input[];
  readonly #byKey: ReadonlyMap<string, Input>;
  readonly #idle: IdleWatch | undefined;
  readonly #end: EndConfirmation;
  #state: TaskState = 'CREATED';
  #leavesStores = false;
  #droppedLate = 0;
  #droppedNull = 0;
  #retriedInPlace = 0;
  #sentToRetry = 0;

  /** @param idleAfterMs How long it must be idle before stream time is advanced; `undefined` where nobody asked for that. */
  constructor(
    place: ThreadPlace,
    placement: TaskPlacement,
    task: StreamTask,
    idleAfterMs: number | undefined,
    askEnds: AskEnds,
  ) {
    this.#end = new EndConfirmation(askEnds);
    this.#place = place;
    this.placement = placement;
    this.task = task;
    this.progress = new StoreProgress(task.storeSet);
    this.#inputs = placement.partitions.map(({ topic, partition }) => ({
      topic,
      partition,
      key: partitionKey(topic, partition),
      startOffset: 0,
      committedOffset: -1,
      bufferedBytes: 0,
      isPaused: false,
    }));
    this.#byKey = new Map(this.#inputs.map((input) => [input.key, input]));
    const keys = [...this.#byKey.keys()];
    this.#idle = idleAfterMs === undefined ? undefined : new IdleWatch(keys, { afterMs: idleAfterMs });
  }

  get key(): string {
    return this.placement.key;
  }

  get state(): TaskState {
    return this.#state;
  }

  get partitions(): readonly TopicPartition[] {
    return this.placement.partitions;
  }

  /** Its stores, for queries. */
  get replica(): StoreReplica {
    return {
      role: 'active',
      isReadable: this.isReady,
      lagRecords: () => 0,
      query: (...asked) => this.task.storeSet.query(...asked),
    };
  }

  /** Whether it has its offsets and complete stores: it runs, or would if its topology were not paused. */
  get isReady(): boolean {
    return this.#state === 'RUNNING' || this.#state === 'PAUSED';
  }

  moveTo(state: TaskState): void {
    if (this.#state === state) return;
    this.#state = state;
    runtimeChannels.taskState.publish({ ...this.#place, taskId: this.key, state });
  }

  /** Says where an input begins. */
  startAt(place: TopicPartition, offset: number): void {
    this.#input(place).startOffset = offset;
    this.task.startAt(place.topic, place.partition, offset);
  }

  startOffset(place: TopicPartition): number {
    return this.#input(place).startOffset;
  }

  /** Adds fetched records of an input, undecoded. */
  addBatch(batch: FetchedBatch): void {
    const input = this.#input(batch);
    const bytes = batch.records.length;
    input.bufferedBytes += bytes;
    this.#idle?.reset();
    const run = new FetchedRun(batch, () => (input.bufferedBytes -= bytes));
    this.task.addRecords(batch.topic, batch.partition, run, bytes);
  }

  /** Takes what the fetcher knows of an input: whether it is polled to its end, and since when a broker says so. */
  observe(place: TopicPartition, isCaughtUp: boolean, caughtUpAtMs: number | undefined): void {
    this.task.setCaughtUp(place.topic, place.partition, isCaughtUp);
    const input = this.#input(place);
    this.#idle?.observe(input.key, isCaughtUp && input.bufferedBytes === 0 ? caughtUpAtMs : undefined);
  }

  hasRecords(place: TopicPartition): boolean {
    return this.#input(place).bufferedBytes > 0;
  }

  /**
   * Inputs to pause, as they hold more than `maxBytes`, and to resume, as they hold less than half of that. Each counts by
   * itself: a task may be waiting for one input while another is full.
   */
  holdBack(maxBytes: number): {
    readonly pause: readonly TopicPartition[];
    readonly resume: readonly TopicPartition[];
  } {
    const pause = this.#inputs.filter((input) => !input.isPaused && input.bufferedBytes > maxBytes);
    const resume = this.#inputs.filter((input) => input.isPaused && input.bufferedBytes * 2 <= maxBytes);
    for (const input of pause) input.isPaused = true;
    for (const input of resume) input.isPaused = false;
    return { pause, resume };
  }

  headTimestampMs(nowMs: number): number | undefined {
    return this.task.headTimestampMs(nowMs);
  }

  process(maxRecords: number, nowMs: number): number | Promise<number> {
    return this.task.process(maxRecords, nowMs);
  }

  punctuate(nowMs: number): Promise<void> {
    return this.task.punctuate(nowMs);
  }

  /** Whether calls to the outside are under way, or their results wait to be forwarded. */
  get isCalling(): boolean {
    return this.task.isCalling;
  }

  /** Whether results of calls can be forwarded. */
  get hasResults(): boolean {
    return this.task.hasResults;
  }

  /** Forwards the results of calls that are there. Throws as {@link process}. */
  forwardResults(): Promise<void> {
    return this.task.forwardResults();
  }

  /** Takes no more records until the next commit. */
  haltIntake(): void {
    this.task.haltIntake();
  }

  /**
   * Whether the task is idle while windows wait for a record that does not come: several answers over the time that the
   * topology asks for have shown nothing new, and the brokers confirm that no open transaction holds more.
   *
   * @param activity Changes whenever the thread does anything.
   */
  isIdleAdvanceDue(activity: number, fetcher: Fetcher): boolean {
    if (this.#idle?.idleSinceMs() === undefined || this.isCalling || !this.task.hasOpenWindows()) return false;
    return this.#end.isConfirmed(activity, this.positions(fetcher));
  }

  /** How far the inputs were read, which is less than their ends while something read is not processed. */
  positions(fetcher: Fetcher): ReadPosition[] {
    return this.#inputs.map(({ topic, partition, bufferedBytes }) => {
      const position = bufferedBytes > 0 ? -1 : (fetcher.position({ topic, partition }) ?? -1);
      return { topic, partition, position };
    });
  }

  /** Whether nothing is left that {@link advanceIdle} would close. */
  get isSettled(): boolean {
    return this.#idle === undefined || !this.task.hasOpenWindows();
  }

  /** Closes what only a record that does not come would close. @returns whether there was anything. */
  advanceIdle(): Promise<boolean> {
    return this.task.advanceIdle();
  }

  prepareCommit(): Promise<void> {
    return this.task.prepareCommit();
  }

  /** Offsets that have moved since the last commit. */
  offsetsToCommit(): OffsetToCommit[] {
    return this.task.consumedOffsets();
  }

  /** The commit with these offsets is through, and with it what was written. */
  committed(offsets: readonly OffsetToCommit[], written: Pick<OutputBatches, 'writtenOffset'>): void {
    for (const { topic, partition, offset } of offsets) {
      const input = this.#byKey.get(partitionKey(topic, partition));
      if (input !== undefined) input.committedOffset = offset;
    }
    for (const { store, topic, partition, isSource } of this.task.changelogs()) {
      const offset = isSource
        ? this.#byKey.get(partitionKey(topic, partition))?.committedOffset
        : written.writtenOffset(topic, partition);
      if (offset !== undefined && offset >= 0) this.task.storeSet.reached(store, offset);
    }
    this.task.committed();
    this.#publishDropped();
    this.#publishRetried();
  }

  /** Offset of the next record to be processed. */
  position(place: TopicPartition): number {
    const moved = this.task.consumedOffsets().find(({ topic, partition }) => {
      return topic === place.topic && partition === place.partition;
    });
    const { committedOffset, startOffset } = this.#input(place);
    return moved?.offset ?? Math.max(committedOffset, startOffset);
  }

  /**
   * The stores that the task leaves to a standby when it is closed with nothing to commit; `undefined` where they are not
   * complete, or it is not known how far they have followed their changelogs.
   */
  storesToLeave(written: Pick<OutputBatches, 'writtenOffset'>): StoreSet | undefined {
    const changelogs = this.task.changelogs();
    if (!this.isReady || changelogs.length === 0) return undefined;
    const isKnown = changelogs.every(({ topic, partition, isSource }) => {
      return isSource || written.writtenOffset(topic, partition) !== -1;
    });
    if (!isKnown) return undefined;
    this.#leavesStores = true;
    return this.task.storeSet;
  }

  /** Goes back to the last commit. @returns where its inputs go on. */
  rollback(): readonly (TopicPartition & { readonly offset: number })[] {
    this.task.rollback();
    this.#idle?.reset();
    return this.#inputs.map((input) => {
      input.startOffset = Math.max(input.committedOffset, input.startOffset);
      input.bufferedBytes = 0;
      input.isPaused = false;
      return { topic: input.topic, partition: input.partition, offset: input.startOffset };
    });
  }

  /** Ends the task; what was not committed is lost. @throws what a user processor throws, when all is closed. */
  close(): void {
    this.closing.abort();
    try {
      this.task.close();
    } finally {
      if (!this.#leavesStores) this.task.storeSet.close();
      this.moveTo('CLOSED');
    }
  }

  #publishDropped(): void {
    const { droppedLate, droppedNull } = this.task.counters;
    const late = droppedLate - this.#droppedLate;
    const withoutKey = droppedNull - this.#droppedNull;
    if (late === 0 && withoutKey === 0) return;
    this.#droppedLate = droppedLate;
    this.#droppedNull = droppedNull;
    const place = { ...this.#place, taskId: this.key };
    runtimeChannels.dropped.publish({ ...place, late, withoutKey });
    if (late > 0) runtimeChannels.late.publish({ ...place, node: this.placement.subTopology.key, records: late });
  }

  #publishRetried(): void {
    const { retriedInPlace, sentToRetry } = this.task.counters;
    const inPlace = retriedInPlace - this.#retriedInPlace;
    const later = sentToRetry - this.#sentToRetry;
    if (inPlace === 0 && later === 0) return;
    this.#retriedInPlace = retriedInPlace;
    this.#sentToRetry = sentToRetry;
    const place = { ...this.#place, taskId: this.key, node: this.placement.subTopology.key };
    if (inPlace > 0) runtimeChannels.retried.publish({ ...place, where: 'in-place', records: inPlace });
    if (later > 0) runtimeChannels.retried.publish({ ...place, where: 'retry-topic', records: later });
  }

  #input({ topic, partition }: TopicPartition): Input {
    return this.#byKey.get(partitionKey(topic, partition)) as Input;
  }
}
