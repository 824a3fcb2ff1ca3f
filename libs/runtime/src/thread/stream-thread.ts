/**
 * The loop of a stream thread: it owns tasks, and one group member, fetcher and producer for all of them.
 *
 *   STARTING ─► RESTORING ◄─► RUNNING ◄─► REVOKING        a turn of the loop:
 *      ▲            │            │            │             notices of the group (commit, open and close tasks)
 *      └────────────┴─ failure ──┴────────────┘             → fetch → results of calls → process in slices → punctuate
 *                                                           → idle advance → commit when due and no call is under way
 *   any ─► PENDING_SHUTDOWN ─► DEAD
 *
 * Invariants:
 * - what a task produced and the offsets that it consumed are committed together, or not at all;
 * - tasks are opened and closed, and commits made, only between two slices, never while a record is processed;
 * - while the group rebalances nothing is committed, as the generation that fences the commit is about to change;
 * - after a failure everything since the last commit is given up; state that no commit made permanent never survives.
 *   Where a task failed by itself, that one is built again from what is committed and the others are set back to the last
 *   commit in place; else, as nobody may know what the last commit is, every task is built again;
 * - a commit that is due lets calls to the outside (`asyncMap`) come to an end while the loop goes on; one that cannot be put
 *   off, before a rebalance or the end, waits for them;
 * - a partition is given up only after the commit, or the loss, of what was processed of it.
 */
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { describeError, isMillraceError, TransientError } from '@millrace/kernel';
import type { PartitionLag, ThreadHealth } from '../app/app-state.js';
import { storesOfActive, storesOfStandby, type LocalStore } from '../app/local-store.js';
import type { TaskProgress } from '../assignment/member-data.js';
import { runtimeChannels, type FailureEvent } from '../diagnostics/channels.js';
import { standbyReplica, type StoreReplica } from '../query/store-replica.js';
import type { ActiveTask } from './active-task.js';
import { CommitLedger } from './commit-ledger.js';
import { Drains } from './drains.js';
import { failureAction, type FailureAction } from './failure-action.js';
import type { RebalanceNotice } from './rebalance-mailbox.js';
import type { StreamThreadParts } from './stream-thread-parts.js';
import { ThreadTasks, type StartFailure } from './thread-tasks.js';

/** Records of one task in one go: few enough that tasks stay close in stream time. */
const SLICE_RECORDS = 500;
/** How long a turn processes before the event loop gets its turn, in milliseconds. */
const TURN_MS = 10;
/** How long a turn waits for records when there is nothing else to do: bounds how long a notice of the group waits. */
const POLL_MS = 25;
/** Output on its way that makes the thread wait, in bytes. */
const MAX_UNACKNOWLEDGED_BYTES = 32 * 1024 * 1024;
/** How often lag is published, in milliseconds. */
const LAG_INTERVAL_MS = 1_000;

/** See the head of this file. */
export class StreamThread {
  readonly #parts: StreamThreadParts;
  readonly #tasks: ThreadTasks;
  readonly #ledger: CommitLedger;
  readonly #drains: Drains;
  /** Whose code runs now: to blame when it throws. */
  #taskAtWork: ActiveTask | undefined;
  /** Those who wait until everything processed so far is committed. */
  #settling: (() => void)[] = [];
  #mustReset = false;
  #isRebalancing = true;
  #hasAssignment = false;
  #stopping = false;
  #processedRecords = 0;
  #lastLagMs = 0;
  #lastFailure: string | undefined;

  constructor(parts: StreamThreadParts) {
    this.#parts = parts;
    const { clock, commitIntervalMs, output, askEnds } = parts;
    this.#ledger = new CommitLedger(clock, commitIntervalMs, () => output.batches.totalRecords);
    this.#drains = new Drains(askEnds);
    this.#tasks = new ThreadTasks(parts);
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
    const { states, mailbox } = this.#parts;
    states.moveTo('STARTING');
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
      this.#endSettling();
      this.#tasks.close(this.#tasks.all);
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
    return this.#drains.wait();
  }

  /** The stores of a task on this thread, for queries; to be read at once. */
  replicas(taskId: string): StoreReplica[] {
    const standby = this.#parts.standbys.get(taskId);
    const all = [this.#tasks.replica(taskId), standby && standbyReplica(standby.stores, standby.progress)];
    return all.filter((replica) => replica !== undefined);
  }

  /** Resolves when everything that was processed before the call is committed or given up, or the thread has ended. */
  settled(): Promise<void> {
    const { states, wakeUp } = this.#parts;
    if (states.state === 'DEAD' || states.state === 'CREATED') return Promise.resolve();
    return new Promise((done) => {
      this.#settling.push(done);
      wakeUp.wake();
    });
  }

  health(): ThreadHealth {
    const { states, place } = this.#parts;
    const tasks = this.#tasks.health();
    const standbys = this.#parts.standbys.all.map(({ key, progress: { lagRecords } }) => {
      return lagRecords === undefined ? { taskId: key } : { taskId: key, lagRecords };
    });
    const health = { thread: place.thread, state: states.state, tasks, standbys };
    return this.#lastFailure === undefined ? health : { ...health, lastFailure: this.#lastFailure };
  }

  /** How far the stores here are, of active tasks and standbys, for the leader of the group. */
  progress(): Record<string, TaskProgress> {
    const all: Record<string, TaskProgress> = {};
    for (const { key, progress } of this.#parts.standbys.all) all[key] = progress.total;
    for (const { key, progress, isReady, placement } of this.#tasks.all) {
      if (placement.subTopology.isStateful) all[key] = isReady ? progress.complete : progress.total;
    }
    return all;
  }

  /** The stores here. */
  localStores(): LocalStore[] {
    return [...this.#tasks.all.flatMap(storesOfActive), ...this.#parts.standbys.all.flatMap(storesOfStandby)];
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
    this.#tasks.openDue();
    this.#tasks.putOffUnopened((key, error, delayMs) => this.#tell(error, 'restart-task', delayMs, key));
    for (const failure of this.#tasks.takeStartFailures()) this.#startFailed(failure);
    this.#tasks.runStarted();
    if (this.#hasAssignment && !this.#mustReset) states.moveTo(this.#tasks.isRestoring ? 'RESTORING' : 'RUNNING');

    for (const batch of await fetcher.poll(this.#pollMs())) this.#tasks.feed(batch);
    this.#tasks.observe();
    this.#tasks.holdBack(maxBufferedBytesPerTask);
    if (this.#mayProcess) {
      await this.#forwardResults();
      await this.#process();
      await this.#tick();
    }
    if (output.failure !== undefined) throw output.failure;
    if (this.#isCommitDue && this.#mayCommit()) await this.#commit();
    if (this.#settling.length > 0) await this.#settle();
    this.#endDrains();
    this.#publishLag();
    await yieldToEventLoop();
  }

  /** Without commits a transaction must not grow old, and without acknowledgements the output not large. */
  get #mayProcess(): boolean {
    const { output, transactionTimeoutMs } = this.#parts;
    if (this.#isRebalancing && this.#ledger.isDirty && this.#ledger.ageMs > transactionTimeoutMs / 2) return false;
    return output.bufferedBytes < MAX_UNACKNOWLEDGED_BYTES;
  }

  get #isCommitDue(): boolean {
    return !this.#isRebalancing && this.#ledger.isDue;
  }

  /**
   * Whether to commit now that it is due. Where calls to the outside are under way, their tasks take no more records until the
   * commit, and the loop goes on; but not when the others would add to what is large enough.
   */
  #mayCommit(): boolean {
    if (!this.#tasks.areCalling || this.#ledger.isFull) return true;
    this.#tasks.haltIntake();
    return false;
  }

  #pollMs(): number {
    const isBusy = this.#tasks.haveResults || this.#tasks.next(this.#parts.clock.nowMs()) !== undefined;
    if (isBusy) return this.#mayProcess ? 0 : 1;
    // A commit that is due waits for calls, whose end wakes the poll.
    if (this.#isCommitDue && this.#tasks.areCalling) return POLL_MS;
    return Math.min(POLL_MS, Math.max(1, this.#ledger.dueInMs));
  }

  /** Forwards the results of calls that are there. */
  async #forwardResults(): Promise<void> {
    for (const task of this.#tasks.running) {
      if (!task.hasResults) continue;
      this.#taskAtWork = task;
      await task.forwardResults();
    }
    this.#taskAtWork = undefined;
  }

  async #process(): Promise<void> {
    const { clock, output, place } = this.#parts;
    const untilMs = clock.monotonicMs() + TURN_MS;
    let startedMs = clock.monotonicMs();
    do {
      const nowMs = clock.nowMs();
      const task = this.#tasks.next(nowMs);
      if (task === undefined) return;
      this.#taskAtWork = task;
      const result = task.process(SLICE_RECORDS, nowMs);
      const records = typeof result === 'number' ? result : await result;
      this.#taskAtWork = undefined;
      if (records === 0) return;
      this.#processedRecords += records;
      this.#ledger.add(records);
      const endedMs = clock.monotonicMs();
      if (runtimeChannels.processed.hasSubscribers) {
        runtimeChannels.processed.publish({ ...place, taskId: task.key, records, durationMs: endedMs - startedMs });
      }
      startedMs = endedMs;
    } while (startedMs < untilMs && output.bufferedBytes < MAX_UNACKNOWLEDGED_BYTES);
  }

  /** Wall-clock punctuation, and stream time over idle inputs. */
  async #tick(): Promise<void> {
    const { clock, fetcher, mayAdvanceIdle } = this.#parts;
    const nowMs = clock.nowMs();
    for (const task of this.#tasks.running) {
      if (task.state === 'PAUSED') continue;
      this.#taskAtWork = task;
      await task.punctuate(nowMs);
      // What a task that is not running will emit is still to come, and must not find its windows closed.
      if (this.#tasks.isRestoring || !task.isIdleAdvanceDue(this.activity, fetcher) || !mayAdvanceIdle()) continue;
      // The new stream time is committed although no offset has moved: a restart must not open what was closed.
      if (await task.advanceIdle()) this.#ledger.advancedTime();
    }
    this.#taskAtWork = undefined;
  }

  async #settle(): Promise<void> {
    if (this.#isRebalancing) return;
    if (this.#ledger.isDirty) await this.#commit();
    this.#endSettling();
  }

  #endSettling(): void {
    for (const done of this.#settling.splice(0)) done();
  }

  async #commit(): Promise<void> {
    const { clock, output, member, backoff, place, purge } = this.#parts;
    const startedMs = clock.monotonicMs();
    const tasks = this.#tasks.running;
    for (const task of tasks) {
      this.#taskAtWork = task;
      await task.prepareCommit();
    }
    this.#taskAtWork = undefined;
    const { recordsIn, recordsOut } = this.#ledger;
    const offsets = tasks.flatMap((task) => task.offsetsToCommit());
    await output.commit(offsets, member.groupMetadata);
    for (const task of tasks) task.committed(offsets, output.batches);
    purge.committed(offsets);
    this.#ledger.clear();
    this.#tasks.committed();
    this.#lastFailure = undefined;
    backoff.reset();
    const durationMs = clock.monotonicMs() - startedMs;
    runtimeChannels.committed.publish({ ...place, tasks: tasks.length, recordsIn, recordsOut, durationMs });
  }

  /** What cannot be committed at the end is processed again by the next owner: no reason to fail. */
  async #commitLast(): Promise<void> {
    if (this.#mustReset || !this.#ledger.isDirty) return;
    try {
      await this.#commit();
    } catch (error) {
      this.#tell(error, 'stop', 0);
    }
  }

  async #rebalance({ kind, partitions, share }: RebalanceNotice): Promise<void> {
    const { member, states, place } = this.#parts;
    switch (kind) {
      case 'rejoining':
        try {
          if (!this.#isRebalancing && !this.#mustReset && this.#ledger.isDirty) await this.#commit();
        } finally {
          this.#isRebalancing = true;
        }
        return;
      case 'assigned':
        this.#isRebalancing = false;
        this.#hasAssignment = true;
        this.#tasks.own(member.assignment);
        this.#tasks.follow(share?.standbys ?? []);
        await this.#reopenOutgrown();
        if (!this.#mustReset) this.#tasks.openMissing();
        break;
      case 'revoked':
        states.moveTo('REVOKING');
        this.#tasks.disown(partitions);
        try {
          if (!this.#mustReset && this.#ledger.isDirty) await this.#commit();
          this.#tasks.release(this.#tasks.of(partitions));
        } finally {
          // Those that were not released, as the commit failed.
          this.#tasks.close(this.#tasks.of(partitions));
        }
        break;
      case 'lost':
        // The open transaction holds what the lost tasks did: nothing of it can be committed.
        this.#tasks.disown(partitions);
        this.#giveUp();
        break;
    }
    const { generationId } = member.groupMetadata;
    runtimeChannels.rebalanced.publish({ ...place, kind, generationId, partitions });
  }

  /** Tasks that read more topics now are opened anew, on the stores that they have. */
  async #reopenOutgrown(): Promise<void> {
    const outgrown = this.#tasks.outgrown;
    if (outgrown.length === 0) return;
    if (!this.#mustReset && this.#ledger.isDirty) await this.#commit();
    this.#tasks.release(outgrown);
  }

  /** Everything since the last commit is void. */
  #giveUp(): void {
    this.#tasks.close(this.#tasks.all);
    this.#mustReset = true;
  }

  async #reset(): Promise<void> {
    if (!this.#mustReset) return;
    await this.#parts.output.abandon();
    this.#mustReset = false;
    this.#ledger.clear();
    this.#tasks.openMissing();
  }

  async #recover(error: unknown): Promise<void> {
    const action = await this.#actionAfter(error);
    const task = this.#taskAtWork;
    this.#taskAtWork = undefined;
    if (task !== undefined && action === 'restart-tasks' && this.#parts.output.failure === undefined) {
      await this.#restart(task, error);
      return;
    }
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

  /**
   * A member that was thought dead may find that its successor has read on, and that what was read is deleted by now: it has lost
   * its tasks, not its input.
   */
  async #actionAfter(error: unknown): Promise<FailureAction> {
    const action = failureAction(error);
    if (!isMillraceError(error) || error.code !== 'MR_OFFSET_OUT_OF_RANGE') return action;
    const { topic, partition, offset } = error.place;
    if (topic === undefined || partition === undefined || offset === undefined) return action;
    const { member, purge } = this.#parts;
    if (!purge.concerns({ topic })) return action;
    try {
      const [committed] = await member.committedOffsets([{ topic, partition }]);
      return (committed?.offset ?? -1) > offset ? 'rejoin' : action;
    } catch (failure) {
      return failureAction(failure);
    }
  }

  /** A task has failed by itself: the others go on from the last commit. @throws when it has failed too often. */
  async #restart(task: ActiveTask, error: unknown): Promise<void> {
    try {
      const delayMs = this.#tasks.restart(task, error);
      this.#tell(error, 'restart-task', delayMs, task.key);
      this.#ledger.clear();
      await this.#parts.output.abandon();
    } catch (failure) {
      await this.#recover(failure);
    }
  }

  /** Tasks could not be started. @throws what concerns more than them. */
  #startFailed(failure: StartFailure): void {
    const { error } = failure;
    if (failureAction(error) !== 'restart-tasks') throw error;
    const delayMs = this.#tasks.restartStart(failure);
    const [task, ...others] = failure.tasks;
    this.#tell(error, 'restart-task', delayMs, others.length === 0 ? task?.key : undefined);
  }

  #endDrains(): void {
    if (this.#drains.isEmpty || !this.#hasAssignment || this.#isRebalancing) return;
    const isBusy = this.#tasks.isRestoring || this.#mustReset || this.#ledger.isDirty || this.#tasks.areCalling;
    if (isBusy || !this.#tasks.running.every((task) => task.isSettled)) return;
    for (const done of this.#drains.look(this.activity, this.#tasks.positions())) done();
  }

  #publishLag(): void {
    const { clock, place } = this.#parts;
    if (!runtimeChannels.lag.hasSubscribers || clock.monotonicMs() - this.#lastLagMs < LAG_INTERVAL_MS) return;
    this.#lastLagMs = clock.monotonicMs();
    for (const { topic, partition, lagRecords } of this.lag()) {
      runtimeChannels.lag.publish({ ...place, topic, partition, lagRecords });
    }
  }

  #tell(error: unknown, action: FailureEvent['action'], delayMs: number, taskId?: string): void {
    this.#lastFailure = describeError(error);
    runtimeChannels.failed.publish({
      ...this.#parts.place,
      code: isMillraceError(error) ? error.code : 'unknown',
      message: error instanceof Error ? error.message : String(error),
      action,
      ...(taskId === undefined ? {} : { taskId }),
      delayMs,
      cause: error,
    });
  }
}
