/**
 * The loop of a stream thread: it owns tasks, and one group member, fetcher and producer for all of them.
 *
 *   STARTING ─► RESTORING ◄─► RUNNING ◄─► REVOKING        a turn of the loop:
 *      ▲            │            │            │             notices of the group (commit, open and close tasks)
 *      └────────────┴─ failure ──┴────────────┘             → fetch → process in slices → punctuate → idle advance
 *                                                           → commit when due
 *   any ─► PENDING_SHUTDOWN ─► DEAD
 *
 * Invariants:
 * - what a task produced and the offsets that it consumed are committed together, or not at all;
 * - tasks are opened and closed, and commits made, only between two slices, never while a record is processed;
 * - while the group rebalances nothing is committed, as the generation that fences the commit is about to change;
 * - after a failure everything since the last commit is given up: output abandoned, every task built again from what is
 *   committed; state that no commit made permanent never survives;
 * - a partition is given up only after the commit, or the loss, of what was processed of it.
 */
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { describeError, isMillraceError, TransientError } from '@millrace/kernel';
import type { PartitionLag, ThreadHealth } from '../app/app-state.js';
import { partitionKey, type TopicPartition } from '../assignment/task-layout.js';
import { runtimeChannels, type FailureEvent } from '../diagnostics/channels.js';
import type { ActiveTask } from './active-task.js';
import { DrainWatch } from './drain-watch.js';
import { failureAction } from './failure-action.js';
import type { RebalanceNotice } from './rebalance-mailbox.js';
import type { StreamThreadParts } from './stream-thread-parts.js';
import { ThreadTasks } from './thread-tasks.js';

/** Records of one task in one go: few enough that tasks stay close in stream time. */
const SLICE_RECORDS = 500;
/** How long a turn processes before the event loop gets its turn, in milliseconds. */
const TURN_MS = 10;
/** How long a turn waits for records when there is nothing else to do: bounds how long a notice of the group waits. */
const POLL_MS = 25;
/** Output on its way that makes the thread wait, in bytes. */
const MAX_UNACKNOWLEDGED_BYTES = 32 * 1024 * 1024;
/** Output records that make it commit before the interval is over: a transaction holds memory here and in its readers. */
const MAX_RECORDS_PER_COMMIT = 200_000;
/** How often lag is published, in milliseconds. */
const LAG_INTERVAL_MS = 1_000;

/** See the head of this file. */
export class StreamThread {
  readonly #parts: StreamThreadParts;
  readonly #tasks = new ThreadTasks();
  #owned: readonly TopicPartition[] = [];
  #started: ActiveTask[] = [];
  #startFailure: Error | undefined;
  #drains: DrainWatch[] = [];
  #mustReset = false;
  #isRebalancing = true;
  #hasAssignment = false;
  #stopping = false;
  #processedRecords = 0;
  #uncommittedRecords = 0;
  #hasAdvancedIdle = false;
  #outputAtCommit = 0;
  #lastCommitMs = 0;
  #lastLagMs = 0;
  #lastFailure: string | undefined;

  constructor(parts: StreamThreadParts) {
    this.#parts = parts;
  }

  /** Records that were processed since the start, repetitions after failures included. */
  get processedRecords(): number {
    return this.#processedRecords;
  }

  /** Changes whenever the thread does anything. */
  get activity(): number {
    return this.#processedRecords + this.#parts.output.batches.totalRecords;
  }

  /** Runs until {@link stop}. @throws what can only end the thread. */
  async run(): Promise<void> {
    const { states, mailbox, clock } = this.#parts;
    states.moveTo('STARTING');
    this.#lastCommitMs = clock.monotonicMs();
    try {
      while (!this.#stopping) {
        try {
          await this.#turn();
        } catch (error) {
          await this.#recover(error);
        }
      }
      states.moveTo('PENDING_SHUTDOWN');
      await this.#commitLast();
    } finally {
      mailbox.close();
      this.#close(this.#tasks.all);
      states.moveTo('DEAD');
    }
  }

  /** Ends the loop after the present turn; {@link run} commits what was processed, then resolves. */
  stop(): void {
    this.#stopping = true;
    this.#parts.wakeUp.wake();
  }

  /**
   * Resolves when everything up to the present ends of the inputs is processed and committed, and every task that waits
   * for an idle input has advanced its stream time.
   */
  drained(): Promise<void> {
    return new Promise((done) => this.#drains.push(new DrainWatch(done)));
  }

  health(): ThreadHealth {
    const { states, place } = this.#parts;
    const tasks = this.#tasks.all.map(({ key, state }) => ({ taskId: key, state }));
    const health = { thread: place.thread, state: states.state, tasks };
    return this.#lastFailure === undefined ? health : { ...health, lastFailure: this.#lastFailure };
  }

  /** How far each input is behind, as last told by the brokers; partitions without an answer yet are left out. */
  lag(): PartitionLag[] {
    const { fetcher } = this.#parts;
    return this.#tasks.running.flatMap((task) =>
      task.partitions.flatMap((place) => {
        const endOffset = fetcher.endOffset(place);
        if (endOffset === undefined) return [];
        const isDone = !task.hasRecords(place) && fetcher.isCaughtUp(place);
        const position = isDone ? endOffset : Math.min(endOffset, task.position(place));
        return [{ ...place, position, endOffset, lagRecords: endOffset - position }];
      }),
    );
  }

  async #turn(): Promise<void> {
    const { mailbox, fetcher, output, states, maxBufferedBytesPerTask } = this.#parts;
    await mailbox.drain((notice) => this.#rebalance(notice));
    await this.#reset();
    this.#runStarted();
    if (this.#hasAssignment && !this.#mustReset) states.moveTo(this.#isRestoring ? 'RESTORING' : 'RUNNING');

    for (const batch of await fetcher.poll(this.#pollMs())) this.#tasks.feed(batch);
    this.#tasks.observe(fetcher);
    this.#tasks.holdBack(fetcher, maxBufferedBytesPerTask);
    if (this.#mayProcess) {
      await this.#process();
      await this.#tick();
    }
    if (output.failure !== undefined) throw output.failure;
    if (this.#isCommitDue()) await this.#commit();
    this.#endDrains();
    this.#publishLag();
    await yieldToEventLoop();
  }

  get #isRestoring(): boolean {
    return this.#tasks.all.length > this.#tasks.running.length;
  }

  /** Without commits a transaction must not grow old, and without acknowledgements the output not large. */
  get #mayProcess(): boolean {
    const { output, clock, transactionTimeoutMs } = this.#parts;
    const ageMs = clock.monotonicMs() - this.#lastCommitMs;
    if (this.#isRebalancing && this.#hasUncommitted && ageMs > transactionTimeoutMs / 2) return false;
    return output.bufferedBytes < MAX_UNACKNOWLEDGED_BYTES;
  }

  get #hasUncommitted(): boolean {
    return this.#hasAdvancedIdle || this.#uncommittedRecords > 0 || this.#parts.output.batches.totalRecords !== this.#outputAtCommit;
  }

  #pollMs(): number {
    const { clock, commitIntervalMs } = this.#parts;
    if (this.#tasks.next(clock.nowMs()) !== undefined) return this.#mayProcess ? 0 : 1;
    if (!this.#hasUncommitted) return POLL_MS;
    return Math.min(POLL_MS, Math.max(1, this.#lastCommitMs + commitIntervalMs - clock.monotonicMs()));
  }

  async #process(): Promise<void> {
    const { clock, output, place } = this.#parts;
    const untilMs = clock.monotonicMs() + TURN_MS;
    let startedMs = clock.monotonicMs();
    do {
      const nowMs = clock.nowMs();
      const task = this.#tasks.next(nowMs);
      if (task === undefined) return;
      const result = task.process(SLICE_RECORDS, nowMs);
      const records = typeof result === 'number' ? result : await result;
      if (records === 0) return;
      this.#processedRecords += records;
      this.#uncommittedRecords += records;
      const endedMs = clock.monotonicMs();
      if (runtimeChannels.processed.hasSubscribers) {
        runtimeChannels.processed.publish({ ...place, taskId: task.key, records, durationMs: endedMs - startedMs });
      }
      startedMs = endedMs;
    } while (startedMs < untilMs && output.bufferedBytes < MAX_UNACKNOWLEDGED_BYTES);
  }

  /** Wall-clock punctuation, and stream time over idle inputs. */
  async #tick(): Promise<void> {
    const { clock, mayAdvanceIdle } = this.#parts;
    const nowMs = clock.nowMs();
    for (const task of this.#tasks.running) {
      await task.punctuate(nowMs);
      if (!task.isIdleAdvanceDue || !mayAdvanceIdle()) continue;
      // The new stream time is committed although no offset has moved: a restart must not open what was closed.
      if (await task.advanceIdle()) this.#hasAdvancedIdle = true;
    }
  }

  #isCommitDue(): boolean {
    if (this.#isRebalancing || !this.#hasUncommitted) return false;
    const { clock, output, commitIntervalMs } = this.#parts;
    if (output.batches.totalRecords - this.#outputAtCommit >= MAX_RECORDS_PER_COMMIT) return true;
    return clock.monotonicMs() - this.#lastCommitMs >= commitIntervalMs;
  }

  async #commit(): Promise<void> {
    const { clock, output, member, backoff, place } = this.#parts;
    const startedMs = clock.monotonicMs();
    const tasks = this.#tasks.running;
    for (const task of tasks) await task.prepareCommit();
    const recordsOut = output.batches.totalRecords - this.#outputAtCommit;
    const offsets = tasks.flatMap((task) => task.offsetsToCommit());
    await output.commit(offsets, member.groupMetadata);
    for (const task of tasks) task.committed(offsets);
    const recordsIn = this.#uncommittedRecords;
    this.#uncommittedRecords = 0;
    this.#hasAdvancedIdle = false;
    this.#outputAtCommit = output.batches.totalRecords;
    this.#lastCommitMs = clock.monotonicMs();
    this.#lastFailure = undefined;
    backoff.reset();
    const durationMs = this.#lastCommitMs - startedMs;
    runtimeChannels.committed.publish({ ...place, tasks: tasks.length, recordsIn, recordsOut, durationMs });
  }

  /** What cannot be committed at the end is processed again by the next owner: no reason to fail. */
  async #commitLast(): Promise<void> {
    if (this.#mustReset || !this.#hasUncommitted) return;
    try {
      await this.#commit();
    } catch (error) {
      this.#tell(error, 'stop', 0);
    }
  }

  async #rebalance({ kind, partitions }: RebalanceNotice): Promise<void> {
    const { member, states, place } = this.#parts;
    switch (kind) {
      case 'rejoining':
        try {
          if (!this.#isRebalancing && !this.#mustReset && this.#hasUncommitted) await this.#commit();
        } finally {
          this.#isRebalancing = true;
        }
        return;
      case 'assigned':
        this.#isRebalancing = false;
        this.#hasAssignment = true;
        this.#owned = member.assignment;
        if (!this.#mustReset) this.#openMissing();
        break;
      case 'revoked':
        states.moveTo('REVOKING');
        this.#disown(partitions);
        if (!this.#mustReset && this.#hasUncommitted) await this.#commit();
        this.#close(this.#tasks.of(partitions));
        break;
      case 'lost':
        // The open transaction holds what the lost tasks did: nothing of it can be committed.
        this.#disown(partitions);
        this.#giveUp();
        break;
    }
    const { generationId } = member.groupMetadata;
    runtimeChannels.rebalanced.publish({ ...place, kind, generationId, partitions });
  }

  #disown(partitions: readonly TopicPartition[]): void {
    const gone = new Set(partitions.map(({ topic, partition }) => partitionKey(topic, partition)));
    this.#owned = this.#owned.filter(({ topic, partition }) => !gone.has(partitionKey(topic, partition)));
  }

  /** Opens a task for everything that is owned and has none. */
  #openMissing(): void {
    const { placementsOf, createTask, startTasks, wakeUp } = this.#parts;
    const missing = placementsOf(this.#owned).filter(({ key }) => this.#tasks.get(key) === undefined);
    if (missing.length === 0) return;
    const tasks = missing.map((placement) => createTask(placement));
    for (const task of tasks) {
      this.#tasks.add(task);
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

  #runStarted(): void {
    const failure = this.#startFailure;
    this.#startFailure = undefined;
    if (failure !== undefined) throw failure;
    const started = this.#started.splice(0).filter(({ closing }) => !closing.signal.aborted);
    if (started.length === 0) return;
    for (const task of started) this.#tasks.run(task);
    this.#assign();
  }

  #close(tasks: readonly ActiveTask[]): void {
    if (tasks.length === 0) return;
    for (const task of tasks) {
      this.#tasks.remove(task);
      task.close();
    }
    this.#assign();
  }

  #assign(): void {
    this.#parts.fetcher.assign(this.#tasks.toFetch(this.#parts.fetcher));
  }

  /** Everything since the last commit is void. */
  #giveUp(): void {
    this.#close(this.#tasks.all);
    this.#mustReset = true;
    this.#startFailure = undefined;
  }

  async #reset(): Promise<void> {
    if (!this.#mustReset) return;
    const { output, clock } = this.#parts;
    await output.abandon();
    this.#mustReset = false;
    this.#uncommittedRecords = 0;
    this.#hasAdvancedIdle = false;
    this.#outputAtCommit = output.batches.totalRecords;
    this.#lastCommitMs = clock.monotonicMs();
    this.#openMissing();
  }

  async #recover(error: unknown): Promise<void> {
    const action = failureAction(error);
    if (action === 'stop') {
      this.#tell(error, 'stop', 0);
      throw error;
    }
    const { backoff, member, states, wakeUp } = this.#parts;
    const delayMs = backoff.nextMs(error instanceof TransientError ? error.retryAfterMs : 0);
    this.#tell(error, action, delayMs);
    states.moveTo('STARTING');
    this.#giveUp();
    if (action === 'rejoin') member.rejoin('a commit was fenced');
    if (!this.#stopping) await wakeUp.sleep(delayMs);
  }

  #endDrains(): void {
    if (this.#drains.length === 0 || !this.#hasAssignment || this.#isRebalancing) return;
    const { fetcher } = this.#parts;
    const tasks = this.#tasks.running;
    const isQuiet =
      !this.#isRestoring && !this.#mustReset && !this.#hasUncommitted && tasks.every((task) => task.isSettled);
    const places = tasks.flatMap((task) => task.partitions);
    const byKey = new Map(places.map((place) => [partitionKey(place.topic, place.partition), place]));
    const view = {
      activity: this.activity,
      partitions: [...byKey.keys()],
      caughtUpAtMs: (key: string): number | undefined => {
        const place = byKey.get(key) as TopicPartition;
        return isQuiet && fetcher.isCaughtUp(place) ? fetcher.caughtUpAtMs(place) : undefined;
      },
    };
    const drained = this.#drains.filter((drain) => drain.isDrained(view) && isQuiet);
    if (drained.length === 0) return;
    this.#drains = this.#drains.filter((drain) => !drained.includes(drain));
    for (const { done } of drained) done();
  }

  #publishLag(): void {
    const { clock, place } = this.#parts;
    if (!runtimeChannels.lag.hasSubscribers || clock.monotonicMs() - this.#lastLagMs < LAG_INTERVAL_MS) return;
    this.#lastLagMs = clock.monotonicMs();
    for (const { topic, partition, lagRecords } of this.lag()) {
      runtimeChannels.lag.publish({ ...place, topic, partition, lagRecords });
    }
  }

  #tell(error: unknown, action: FailureEvent['action'], delayMs: number): void {
    this.#lastFailure = describeError(error);
    runtimeChannels.failed.publish({
      ...this.#parts.place,
      code: isMillraceError(error) ? error.code : 'unknown',
      message: error instanceof Error ? error.message : String(error),
      action,
      delayMs,
      cause: error,
    });
  }
}
