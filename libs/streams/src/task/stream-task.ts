import { RecordError } from '@millrace/kernel';
import type { ProcessorNode, Outcome } from '../processor/processor-node.js';
import type { CallEnvironment } from '../call/call-environment.js';
import { RecordContext } from '../processor/record-context.js';
import { StreamTime } from '../processor/stream-time.js';
import type { Serde } from '../serde/serde.js';
import type { ReadOnlyTable } from '../store/global-store.js';
import type { StateStore } from '../store/state-store.js';
import type { SubTopology, Topology } from '../topology/topology.js';
import { goesOnAfterFailures, resolveErrorPolicy, type ErrorPolicy } from './error-policy.js';
import type { PartitionQueue } from './partition-queue.js';
import type { RecordCollector } from './record-collector.js';
import type { RecordRun } from './record-run.js';
import { RecordScope } from './record-scope.js';
import { readTaskTimes, writeTaskTimes } from './task-times.js';
import { TaskCounters } from './task-counters.js';
import { TaskOperators } from './task-operators.js';
import { StoreSet, type Changelog } from './store-set.js';
import type { StoreEngines } from './store-engines.js';

/** What the runtime, or the test driver, hands to a task. */
export interface TaskEnvironment {
  readonly applicationId: string;
  readonly partition: number;
  readonly collector: RecordCollector;
  readonly policy: ErrorPolicy;
  /**
   * Whether a record that fails can be taken back although the policy ends the task. Without that the first record that an error's
   * own disposition makes a dead letter switches it on and restarts the task. Shared by all tasks that are made after another.
   * Default: it can.
   */
  readonly recordUndo?: { isOn: boolean };
  /** From [0, 1): spreads the pauses between retries. Default: 0, the whole pause. */
  readonly random?: () => number;
  /** Wall-clock time in milliseconds. */
  readonly nowMs: () => number;
  readonly globalTable: (name: string) => ReadOnlyTable;
  /** What calls to the outside (`asyncMap`) need. */
  readonly calls: CallEnvironment;
  /** How long, in milliseconds of wall-clock time, to wait for an empty input that is caught up. Kafka's `max.task.idle.ms`. Default 0. */
  readonly maxTaskIdleMs?: number;
  /** What keeps the stores. Default: the heap. */
  readonly storeEngines?: StoreEngines;
  /** As in {@link StoreSetEnvironment}. */
  readonly thread?: number;
  /**
   * Topics that the sources with a pattern read, as far as they match: looked at whenever the operators are made. Default: none.
   */
  readonly matchedTopics?: readonly string[];
  /** Stores that a standby, or the task before this one, has left. Default: new ones, to be restored from their beginning. */
  readonly stores?: StoreSet;
}

/** An offset to commit, with the stream times that let a restart forget nothing. */
export interface ConsumedOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
}

/**
 * A sub-topology times a partition: the unit of work. Does no I/O and reads no clock.
 *
 * ```
 * restore* → ( addRecords | process | forwardResults | punctuate | advanceIdle )* → prepareCommit → consumedOffsets
 *          → committed → …
 * ```
 *
 * Records are taken from the inputs in order of their timestamps. An input that is empty but may have more on the broker
 * holds the task back (KIP-695), so that both sides of a join stay in step. Nothing leaves a task but through its
 * collector, and its stores keep the writes of the open transaction apart until {@link committed}. What is committed is done:
 * no call to the outside is under way then.
 */
export class StreamTask {
  readonly id: string;
  readonly subTopology: SubTopology;
  readonly counters = new TaskCounters();
  /** The stores, and how far they have followed their changelogs; they outlive the task. */
  readonly storeSet: StoreSet;
  readonly #topology: Topology;
  readonly #environment: TaskEnvironment;
  readonly #context = new RecordContext();
  readonly #times = new Map<string, StreamTime>();
  /** What the present record does; undefined where no record is taken back alone. */
  readonly #scope: RecordScope | undefined;
  #operators: TaskOperators;
  #streamTimeMs = -1;
  /** Stream times as of the last commit, as {@link writeTaskTimes} tells them. */
  #committedTimes = '';

  /** @throws what an operator throws that cannot be made; the stores are closed then, and the operators that were made. */
  constructor(topology: Topology, subTopology: SubTopology, environment: TaskEnvironment) {
    this.#topology = topology;
    this.subTopology = subTopology;
    this.#environment = environment;
    this.id = `${subTopology.id}_${environment.partition}`;
    const policy = resolveErrorPolicy(environment.policy);
    const canUndo = goesOnAfterFailures(policy) || environment.recordUndo?.isOn !== false;
    this.#scope = canUndo ? new RecordScope(environment.collector, this.#context) : undefined;
    this.storeSet = environment.stores ?? new StoreSet(topology, subTopology, environment);
    this.storeSet.takeOver(this.#scope ?? environment.collector, () => this.#context.timestampMs);
    this.#scope?.protect(this.stores.values());
    try {
      this.#operators = this.#makeOperators();
    } catch (cause) {
      this.storeSet.close();
      throw cause;
    }
    this.#committedTimes = this.#timesNow();
  }

  /** Topics and partitions that this task reads. */
  get inputs(): readonly { readonly topic: string; readonly partition: number }[] {
    return this.#operators.queues;
  }

  /** The greatest record timestamp that this task has processed, in milliseconds; -1 before the first. */
  get streamTimeMs(): number {
    return this.#streamTimeMs;
  }

  get stores(): ReadonlyMap<string, StateStore> {
    return this.storeSet.stores;
  }

  /** Changelogs to restore from, before the first record: in order, each to its end. */
  changelogs(): readonly Changelog[] {
    return this.storeSet.changelogs;
  }

  /** Where restoring a store goes on; `undefined`: at the beginning of its changelog. */
  restorePosition(store: string): number | undefined {
    return this.storeSet.restorePosition(store);
  }

  /** Takes records of a changelog; returns how many. */
  restore(store: string, run: RecordRun): number {
    return this.storeSet.restore(store, run);
  }

  /** Takes over the stream times of the metadata of a committed offset; texts of other origin are ignored. */
  restoreTimes(metadata: string): void {
    const times = readTaskTimes(metadata);
    if (times === undefined) return;
    this.#streamTimeMs = Math.max(this.#streamTimeMs, times.taskMs);
    for (const [name, ms] of times.operators) this.#timeOf(name).observe(ms);
    // Of several inputs each tells what was when it was committed last.
    this.#committedTimes = this.#timesNow();
    for (const node of this.#operators.scheduling) node.resumeStreamTime(this.#streamTimeMs);
    if (this.#operators.calls !== undefined) this.#operators.calls.streamTimeMs = this.#streamTimeMs;
  }

  /** Takes the place of a task that has ended: turns by the wall clock come when they would have come there. */
  succeed(former: StreamTask): void {
    this.#operators.succeed(former.#operators);
  }

  /** Says where an input begins: at its committed offset. Needed to commit stream times when no record arrives. */
  startAt(topic: string, partition: number, offset: number): void {
    const queue = this.#queueOf(topic, partition);
    queue.position = offset;
    queue.committedPosition = offset;
  }

  /** Adds fetched records of an input, undecoded. `bytes` is what they hold in memory. */
  addRecords(topic: string, partition: number, run: RecordRun, bytes: number): void {
    this.#queueOf(topic, partition).add(run, bytes);
  }

  /** Says whether the broker has nothing beyond what was added for an input. */
  setCaughtUp(topic: string, partition: number, isCaughtUp: boolean): void {
    this.#queueOf(topic, partition).isCaughtUp = isCaughtUp;
  }

  get bufferedBytes(): number {
    let bytes = 0;
    for (const queue of this.#operators.queues) bytes += queue.bufferedBytes;
    return bytes;
  }

  hasRecords(): boolean {
    return this.#operators.queues.some((queue) => queue.head !== undefined);
  }

  /** Timestamp of the record that {@link process} would take next; undefined when there is none or an input holds it back. */
  headTimestampMs(nowMs: number): number | undefined {
    return this.#next(nowMs)?.head?.cursor.timestampMs;
  }

  /** When a record that is to be tried again is due, in wall-clock time; undefined when none waits. */
  nextRetryMs(): number | undefined {
    return this.#operators.failures.held?.untilMs ?? this.#operators.retries?.nextDueMs();
  }

  /**
   * Processes up to `maxRecords` records and returns how many; synchronously unless a handler returned a promise. Takes none
   * while a window of calls is full.
   *
   * @throws as the topology's policy says, with the task's place: {@link TaskError} (restart-task) or {@link FatalError}
   *   (stop-app). A record that goes to the dead-letter topic throws nothing.
   */
  process(maxRecords: number, nowMs: number): number | Promise<number> {
    this.#operators.recovery.restored();
    for (let done = 0; done < maxRecords; done++) {
      const queue = this.#next(nowMs);
      if (queue === undefined) return done;
      const outcome = this.#processHead(queue);
      if (this.#operators.failures.held !== undefined) return done;
      if (outcome !== undefined) return this.#continue(outcome, queue, done, maxRecords, nowMs);
      const punctuated = this.#finishHead(queue);
      if (punctuated !== undefined) return this.#continue(punctuated, undefined, done, maxRecords, nowMs);
    }
    return maxRecords;
  }

  /** Goes on after the promise of the record at the head of `queue` or, without one, of a punctuator. */
  async #continue(
    outcome: Promise<void>,
    queue: PartitionQueue | undefined,
    done: number,
    maxRecords: number,
    nowMs: number,
  ): Promise<number> {
    if (queue === undefined) {
      await outcome;
    } else {
      try {
        await outcome;
        this.#succeeded(queue);
      } catch (cause) {
        if (!this.#failed(cause, queue)) return done;
      }
      await this.#finishHead(queue);
    }
    const rest = await this.process(maxRecords - done - 1, nowMs);
    return done + 1 + rest;
  }

  /** Whether calls to the outside are under way, or their results wait to be forwarded. */
  get isCalling(): boolean {
    return this.#operators.calls?.isCalling === true;
  }

  /** Whether {@link forwardResults} would forward anything. */
  get hasResults(): boolean {
    return this.#operators.calls?.hasResults === true;
  }

  /** Forwards the results of calls that are there and may be forwarded. Throws as {@link process}. */
  async forwardResults(): Promise<void> {
    await this.#operators.calls?.forwardResults();
  }

  /** Takes no more records until {@link committed}, so that the calls that are under way come to an end. */
  haltIntake(): void {
    this.#operators.calls?.halt();
  }

  /**
   * Advances stream time past the close of every open window: nothing has arrived for as long as the topology asked. Not while
   * calls are under way: their results are still to come.
   */
  async advanceIdle(): Promise<boolean> {
    if (this.isCalling) return false;
    // What one operator emits may open windows of those below it.
    let reachedMs = -1;
    for (let targetMs = this.#closingTimeMs(); targetMs > reachedMs; targetMs = this.#closingTimeMs()) {
      reachedMs = targetMs;
      this.#context.clear(targetMs);
      for (const node of this.#operators.nodes.values()) await node.advanceStreamTime(targetMs);
      this.#streamTimeMs = Math.max(this.#streamTimeMs, targetMs);
    }
    if (reachedMs < 0) return false;
    return true;
  }

  /** The stream time that closes every open window; -1 when none is open. */
  #closingTimeMs(): number {
    let latestMs = -1;
    for (const node of this.#operators.nodes.values()) latestMs = Math.max(latestMs, node.closingTimeMs() ?? -1);
    return latestMs;
  }

  /**
   * Takes over a later stream time, and runs what is due by it: for a driver in which all tasks share one. Operators keep their own.
   */
  async followStreamTime(streamTimeMs: number): Promise<void> {
    if (streamTimeMs <= this.#streamTimeMs) return;
    this.#streamTimeMs = streamTimeMs;
    if (this.#operators.calls !== undefined) this.#operators.calls.streamTimeMs = streamTimeMs;
    for (const node of this.#operators.scheduling) {
      if (node.hasStreamTimeSchedules()) await this.#punctuateStreamTime(node);
    }
  }

  /** Whether windows are open that only a later record or {@link advanceIdle} can close. */
  hasOpenWindows(): boolean {
    for (const node of this.#operators.nodes.values()) if (node.closingTimeMs() !== undefined) return true;
    return false;
  }

  /** Runs what is due by the wall clock or by stream time. */
  async punctuate(nowMs: number): Promise<void> {
    this.#operators.recovery.restored();
    const streamTimeMs = this.#settledTimeMs();
    this.#context.clear(Math.max(0, streamTimeMs));
    try {
      for (const node of this.#operators.nodes.values()) await node.punctuate(nowMs, streamTimeMs);
    } catch (cause) {
      throw this.#operators.failures.punctuation(cause);
    }
  }

  /**
   * Emits what was held back for the commit, and begins the calls that this leads to.
   *
   * @returns whether the task may be committed: no call is under way. Else it is to be flushed again after they have ended.
   */
  async flush(): Promise<boolean> {
    for (const node of this.#operators.nodes.values()) await node.flush();
    return !this.isCalling;
  }

  /** Takes no more records, waits for all calls, and emits what was held back: what follows is the commit. */
  async prepareCommit(): Promise<void> {
    this.haltIntake();
    while (!(await this.flush())) await this.#operators.calls?.drain();
  }

  /**
   * Offsets that have moved since the last {@link committed}; all that are known when times have moved without a record, by idle
   * advance or by what a punctuator forwarded, or when one may have been set back.
   */
  consumedOffsets(): ConsumedOffset[] {
    const { queues } = this.#operators;
    const moved = queues.filter((queue) => queue.position > queue.committedPosition);
    const metadata = this.#timesNow();
    const isTold = moved.length === 0 ? metadata !== this.#committedTimes : this.#mayGoBack();
    return (isTold ? queues.filter((queue) => queue.position >= 0) : moved).map(({ topic, partition, position }) => ({
      topic,
      partition,
      offset: position,
      metadata,
    }));
  }

  #timesNow(): string {
    return writeTaskTimes(this.#streamTimeMs, this.#times);
  }

  #mayGoBack(): boolean {
    for (const time of this.#times.values()) if (time.mayGoBack) return true;
    return false;
  }

  /**
   * The transaction is through: the stores take their writes. {@link StoreSet.reached} is told before how far their changelogs were
   * written, so that a restart restores only what comes after.
   *
   * @throws {TaskError} (restart-task) when a store cannot be kept.
   */
  committed(): void {
    for (const queue of this.#operators.queues) queue.committedPosition = queue.position;
    this.#committedTimes = this.#timesNow();
    for (const { store, topic, isSource } of this.changelogs()) {
      const position = isSource
        ? this.#operators.queues.find((queue) => queue.topic === topic)?.committedPosition
        : undefined;
      if (position !== undefined && position >= 0) this.storeSet.reached(store, position);
    }
    this.storeSet.commit();
    for (const node of this.#operators.scheduling) node.committed();
    this.#operators.calls?.resume();
  }

  /**
   * Goes back to the last {@link committed}, or to the start: stores forget their writes since, operators begin anew, and
   * records are to be added again from where the inputs were committed.
   */
  rollback(): void {
    this.#scope?.undo();
    this.storeSet.rollback();
    this.#streamTimeMs = -1;
    for (const time of this.#times.values()) time.ms = -1;
    const former = this.#operators;
    former.close();
    this.#operators = this.#makeOperators();
    this.#operators.succeed(former);
    for (const { topic, partition, committedPosition } of former.queues) {
      this.startAt(topic, partition, committedPosition);
    }
    this.restoreTimes(this.#committedTimes);
  }

  /**
   * Ends the task; user processors are closed, and the signals of calls that are under way abort. What was not committed is
   * lost, as it must be.
   */
  close(): void {
    this.storeSet.rollback();
    this.#operators.close();
  }

  #makeOperators(): TaskOperators {
    const { applicationId, partition, nowMs, globalTable } = this.#environment;
    return new TaskOperators(this.#topology, this.subTopology, this.#environment, {
      taskId: this.id,
      context: this.#context,
      counters: this.counters,
      scope: this.#scope,
      node: {
        taskId: this.id,
        partition,
        context: this.#context,
        counters: this.counters,
        collector: this.#scope ?? this.#environment.collector,
        nowMs,
        globalTable,
        store: (name: string) => this.storeSet.store(name),
        topicName: (topic: string, isRepartition: boolean) =>
          this.#topology.topicName(applicationId, topic, isRepartition),
        streamTime: (name: string) => this.#timeOf(name),
        taskStreamTimeMs: () => this.#streamTimeMs,
      },
    });
  }

  /** The input to take the next record from: one that is tried again, or is due in a retry topic, comes first. */
  #next(nowMs: number): PartitionQueue | undefined {
    if (this.#operators.calls !== undefined && this.#operators.calls.holdsBack) return undefined;
    const { held } = this.#operators.failures;
    if (held !== undefined) return held.untilMs <= nowMs ? held.queue : undefined;
    return this.#operators.retries?.next(nowMs) ?? this.#operators.choice.next(nowMs);
  }

  /** Stream time as far as its records are through. */
  #settledTimeMs(): number {
    return this.#operators.calls === undefined
      ? this.#streamTimeMs
      : this.#operators.calls.settledTimeMs(this.#streamTimeMs);
  }

  #processHead(queue: PartitionQueue): Outcome {
    this.#operators.failures.release();
    this.#enter(queue);
    if (queue.route?.followsAnother() === true) return undefined;
    const { source } = queue;
    const context = this.#context;
    try {
      if (context.timestampMs < 0) throw beforeTheEpoch();
      const { buffer, keyStart, keyEnd, valueStart, valueEnd } = context;
      context.key = keyStart < 0 ? null : source.key.deserialize(buffer, keyStart, keyEnd);
      context.value = valueStart < 0 ? null : viewOf(source.value, buffer, valueStart, valueEnd);
    } catch (cause) {
      this.#operators.failures.unreadable(cause, queue);
      return undefined;
    }
    const { timestampMs } = context;
    if (timestampMs > this.#streamTimeMs) this.#streamTimeMs = timestampMs;
    this.#scope?.begin();
    try {
      const outcome = queue.node.process(context.key, context.value, timestampMs);
      if (outcome !== undefined) return outcome;
    } catch (cause) {
      this.#failed(cause, queue);
      return undefined;
    }
    this.#succeeded(queue);
    return undefined;
  }

  #succeeded(queue: PartitionQueue): void {
    this.#scope?.keep();
    queue.route?.succeeded();
  }

  /** Takes back what the record at the head has done, and decides its fate. Returns whether the task is done with it. */
  #failed(cause: unknown, queue: PartitionQueue): boolean {
    this.#scope?.undo();
    // Operators may have left it at another record, one that they held back.
    this.#enter(queue);
    return this.#operators.failures.failed(cause, queue);
  }

  #enter(queue: PartitionQueue): void {
    const { cursor } = queue.head as RecordRun;
    const context = this.#context;
    context.topic = queue.topic;
    context.partition = queue.partition;
    context.offset = cursor.offset;
    context.timestampMs = cursor.timestampMs;
    context.buffer = cursor.buffer;
    context.headers = cursor.buffer;
    context.headersStart = cursor.headersStart;
    context.headersEnd = cursor.headersEnd;
    context.keyStart = cursor.keyStart;
    context.keyEnd = cursor.keyEnd;
    context.valueStart = cursor.valueStart;
    context.valueEnd = cursor.valueEnd;
    context.keySerde = queue.source.key;
    context.valueSerde = queue.source.value;
    queue.route?.enter(queue);
  }

  /** Leaves the head behind, then runs what its timestamp has made due: by stream time, after each record, as in Kafka. */
  #finishHead(queue: PartitionQueue): Outcome {
    this.counters.processed++;
    this.#operators.failures.settled();
    queue.advance();
    if (this.#operators.calls !== undefined) this.#operators.calls.streamTimeMs = this.#streamTimeMs;
    let pending: Promise<void> | undefined;
    for (const node of this.#operators.scheduling) {
      if (!node.hasStreamTimeSchedules()) continue;
      if (pending === undefined) pending = this.#punctuateStreamTime(node) ?? undefined;
      else pending = pending.then(() => this.#punctuateStreamTime(node));
    }
    return pending;
  }

  #punctuateStreamTime(node: ProcessorNode): Outcome {
    const streamTimeMs = this.#settledTimeMs();
    this.#context.clear(Math.max(0, streamTimeMs));
    try {
      return node.punctuateStreamTime(streamTimeMs)?.catch((cause: unknown) => {
        throw this.#operators.failures.punctuation(cause);
      });
    } catch (cause) {
      throw this.#operators.failures.punctuation(cause);
    }
  }

  #queueOf(topic: string, partition: number): PartitionQueue {
    const queue = this.#operators.queues.find((each) => each.topic === topic && each.partition === partition);
    if (queue === undefined)
      throw new RecordError('MR_TASK_FAILED', `task ${this.id} does not read ${topic}-${partition}`);
    return queue;
  }

  #timeOf(name: string): StreamTime {
    let time = this.#times.get(name);
    if (time === undefined) {
      this.#times.set(name, (time = new StreamTime()));
      this.#scope?.watch(time);
    }
    return time;
  }
}

/** Windows and stream time begin at the epoch; a producer that sets no time writes -1. */
function beforeTheEpoch(): RecordError {
  return new RecordError('MR_RECORD_UNREADABLE', 'its time is before 1970: give records a time of 0 or more');
}

/** What a serde reads from a fetched batch, which never changes. */
function viewOf(serde: Serde<unknown>, buffer: Buffer, start: number, end: number): unknown {
  return serde.view === undefined ? serde.deserialize(buffer, start, end) : serde.view(buffer, start, end);
}
