import { FatalError, RecordError } from '@millrace/kernel';
import type { ProcessorNode, Outcome } from '../processor/processor-node.js';
import { UserProcessorNode } from '../processor/user-processor-node.js';
import { RecordContext } from '../processor/record-context.js';
import { StreamTime } from '../processor/stream-time.js';
import type { ReadOnlyTable } from '../store/global-store.js';
import type { StateStore } from '../store/state-store.js';
import type { SubTopology, Topology } from '../topology/topology.js';
import type { ErrorPolicy } from './error-policy.js';
import { InputChoice } from './input-choice.js';
import { PartitionQueue } from './partition-queue.js';
import type { RecordCollector } from './record-collector.js';
import { RecordFailures } from './record-failures.js';
import type { RecordRun } from './record-run.js';
import { readTaskTimes, writeTaskTimes } from './task-times.js';
import { TaskCounters } from './task-counters.js';
import { makeStore } from './task-stores.js';

/** What the runtime, or the test driver, hands to a task. */
export interface TaskEnvironment {
  readonly applicationId: string;
  readonly partition: number;
  readonly collector: RecordCollector;
  readonly policy: ErrorPolicy;
  /** Wall-clock time in milliseconds. */
  readonly nowMs: () => number;
  readonly globalTable: (name: string) => ReadOnlyTable;
  /** How long, in milliseconds of wall-clock time, to wait for an empty input that is caught up. Kafka's `max.task.idle.ms`. Default 0. */
  readonly maxTaskIdleMs?: number;
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
 * restore* → ( addRecords | process | punctuate | advanceIdle )* → prepareCommit → consumedOffsets → committed → …
 * ```
 *
 * Records are taken from the inputs in order of their timestamps. An input that is empty but may have more on the broker
 * holds the task back (KIP-695), so that both sides of a join stay in step. Nothing leaves a task but through its
 * collector, and its stores keep the writes of the open transaction apart until {@link committed}.
 */
export class StreamTask {
  readonly id: string;
  readonly subTopology: SubTopology;
  readonly counters = new TaskCounters();
  readonly stores: ReadonlyMap<string, StateStore>;
  readonly #topology: Topology;
  readonly #environment: TaskEnvironment;
  readonly #context = new RecordContext();
  readonly #queues: PartitionQueue[] = [];
  readonly #nodes = new Map<string, ProcessorNode>();
  readonly #times = new Map<string, StreamTime>();
  readonly #choice: InputChoice;
  readonly #failures: RecordFailures;
  /** The operators that may schedule something by stream time. */
  #scheduling: readonly ProcessorNode[] = [];
  #streamTimeMs = -1;
  /** Stream times as of the last commit, as {@link writeTaskTimes} tells them. */
  #committedTimes = '';
  /** Stream time has moved without a record: to be committed all the same. */
  #hasAdvanced = false;

  constructor(topology: Topology, subTopology: SubTopology, environment: TaskEnvironment) {
    this.#topology = topology;
    this.subTopology = subTopology;
    this.#environment = environment;
    this.id = `${subTopology.id}_${environment.partition}`;
    this.stores = new Map(
      subTopology.stores.map((spec) => [
        spec.name,
        makeStore(spec, {
          changelog: topology.changelogName(environment.applicationId, spec),
          partition: environment.partition,
          collector: environment.collector,
          recordTimeMs: () => this.#context.timestampMs,
        }),
      ]),
    );
    this.#makeNodes();
    this.#choice = new InputChoice(this.#queues, environment.maxTaskIdleMs ?? 0);
    this.#failures = new RecordFailures({
      taskId: this.id,
      applicationId: environment.applicationId,
      policy: environment.policy,
      context: this.#context,
      collector: environment.collector,
      counters: this.counters,
    });
  }

  /** Topics and partitions that this task reads. */
  get inputs(): readonly { readonly topic: string; readonly partition: number }[] {
    return this.#queues;
  }

  /** The greatest record timestamp that this task has processed, in milliseconds; -1 before the first. */
  get streamTimeMs(): number {
    return this.#streamTimeMs;
  }

  /** Changelogs to restore from, before the first record: in order, each to its end. */
  changelogs(): {
    readonly store: string;
    readonly topic: string;
    readonly partition: number;
    readonly isSource: boolean;
  }[] {
    return this.subTopology.stores.map((spec) => ({
      store: spec.name,
      topic: this.#topology.changelogName(this.#environment.applicationId, spec),
      partition: this.#environment.partition,
      isSource: spec.sourceTopic !== undefined,
    }));
  }

  /** Takes records of a changelog. */
  restore(store: string, run: RecordRun): number {
    const target = this.#storeOf(store);
    let restored = 0;
    while (run.nextRecord()) {
      const { cursor } = run;
      if (cursor.keyStart < 0) continue;
      target.restore(
        cursor.buffer,
        cursor.keyStart,
        cursor.keyEnd,
        cursor.valueStart,
        cursor.valueEnd,
        cursor.timestampMs,
      );
      restored++;
    }
    return restored;
  }

  /** Takes over the stream times of the metadata of a committed offset; texts of other origin are ignored. */
  restoreTimes(metadata: string): void {
    const times = readTaskTimes(metadata);
    if (times === undefined) return;
    this.#committedTimes = metadata;
    this.#streamTimeMs = Math.max(this.#streamTimeMs, times.taskMs);
    for (const [name, ms] of times.operators) this.#timeOf(name).observe(ms);
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
    for (const queue of this.#queues) bytes += queue.bufferedBytes;
    return bytes;
  }

  hasRecords(): boolean {
    return this.#queues.some((queue) => queue.head !== undefined);
  }

  /** Timestamp of the record that {@link process} would take next; undefined when there is none or an input holds it back. */
  headTimestampMs(nowMs: number): number | undefined {
    return this.#choice.next(nowMs)?.head?.cursor.timestampMs;
  }

  /**
   * Processes up to `maxRecords` records and returns how many; synchronously unless a handler returned a promise.
   *
   * @throws as the topology's policy says, with the task's place: {@link TaskError} (restart-task) or {@link FatalError}
   *   (stop-app). A record that goes to the dead-letter topic throws nothing.
   */
  process(maxRecords: number, nowMs: number): number | Promise<number> {
    for (let done = 0; done < maxRecords; done++) {
      const queue = this.#choice.next(nowMs);
      if (queue === undefined) return done;
      const outcome = this.#processHead(queue);
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
      } catch (cause) {
        this.#failures.failed(cause, queue.source.node);
      }
      await this.#finishHead(queue);
    }
    const rest = await this.process(maxRecords - done - 1, nowMs);
    return done + 1 + rest;
  }

  /** Advances stream time past the close of every open window: nothing has arrived for as long as the topology asked. */
  async advanceIdle(): Promise<boolean> {
    let targetMs: number | undefined;
    for (const node of this.#nodes.values()) {
      const closingMs = node.closingTimeMs();
      if (closingMs !== undefined && (targetMs === undefined || closingMs > targetMs)) targetMs = closingMs;
    }
    if (targetMs === undefined) return false;
    this.#context.clear(targetMs);
    for (const node of this.#nodes.values()) await node.advanceStreamTime(targetMs);
    this.#streamTimeMs = Math.max(this.#streamTimeMs, targetMs);
    this.#hasAdvanced = true;
    return true;
  }

  /** Whether windows are open that only a later record or {@link advanceIdle} can close. */
  hasOpenWindows(): boolean {
    for (const node of this.#nodes.values()) if (node.closingTimeMs() !== undefined) return true;
    return false;
  }

  /** Runs what is due by the wall clock or by stream time. */
  async punctuate(nowMs: number): Promise<void> {
    this.#context.clear(Math.max(0, this.#streamTimeMs));
    try {
      for (const node of this.#nodes.values()) await node.punctuate(nowMs, this.#streamTimeMs);
    } catch (cause) {
      throw this.#failures.punctuation(cause);
    }
  }

  /** Emits what was held back for the commit. */
  async prepareCommit(): Promise<void> {
    for (const node of this.#nodes.values()) await node.flush();
  }

  /** Offsets that have moved since the last {@link committed}; all of them when stream time was advanced without a record. */
  consumedOffsets(): ConsumedOffset[] {
    const metadata = writeTaskTimes(this.#streamTimeMs, this.#times);
    return this.#queues
      .filter((queue) => queue.position > queue.committedPosition || (this.#hasAdvanced && queue.position >= 0))
      .map(({ topic, partition, position }) => ({ topic, partition, offset: position, metadata }));
  }

  /** The transaction is through: the stores take their writes. */
  committed(): void {
    for (const queue of this.#queues) queue.committedPosition = queue.position;
    this.#committedTimes = writeTaskTimes(this.#streamTimeMs, this.#times);
    this.#hasAdvanced = false;
    for (const store of this.stores.values()) store.commit();
  }

  /**
   * Goes back to the last {@link committed}, or to the start: stores forget their writes since, operators begin anew, and
   * records are to be added again from where the inputs were committed.
   */
  rollback(): void {
    for (const store of this.stores.values()) store.rollback();
    this.#hasAdvanced = false;
    this.#streamTimeMs = -1;
    this.#times.clear();
    this.restoreTimes(this.#committedTimes);
    const formerNodes = new Map(this.#nodes);
    const formerQueues = this.#queues.splice(0);
    for (const node of formerNodes.values()) node.close();
    this.#nodes.clear();
    this.#makeNodes();
    for (const [name, former] of formerNodes) this.#nodes.get(name)?.succeed(former);
    for (const former of formerQueues) this.startAt(former.topic, former.partition, former.committedPosition);
  }

  /** Ends the task; user processors are closed. What was not committed is lost, as it must be. */
  close(): void {
    for (const store of this.stores.values()) store.rollback();
    for (const node of this.#nodes.values()) node.close();
  }

  #makeNodes(): void {
    const { applicationId, partition, collector, nowMs, globalTable } = this.#environment;
    const environment = {
      taskId: this.id,
      partition,
      context: this.#context,
      counters: this.counters,
      collector,
      nowMs,
      globalTable,
      store: (name: string) => this.#storeOf(name),
      topicName: (topic: string, isRepartition: boolean) =>
        this.#topology.topicName(applicationId, topic, isRepartition),
      streamTime: (name: string) => this.#timeOf(name),
      taskStreamTimeMs: () => this.#streamTimeMs,
    };
    for (const node of this.subTopology.nodes) this.#nodes.set(node.name, node.create(environment));
    this.#scheduling = [...this.#nodes.values()].filter((node) => node instanceof UserProcessorNode);
    for (const node of this.subTopology.nodes) {
      const made = this.#nodes.get(node.name) as ProcessorNode;
      const children = this.subTopology.nodes.filter((each) => each.parents.includes(node));
      made.connect(children.map((each) => this.#nodes.get(each.name) as ProcessorNode));
      if (node.source === undefined) continue;
      const topic = this.#topology.topicName(applicationId, node.source.topic, node.source.isRepartition);
      this.#queues.push(new PartitionQueue(topic, partition, node.source, made));
    }
  }

  #processHead(queue: PartitionQueue): Outcome {
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
    const { source } = queue;
    context.keySerde = source.key;
    context.valueSerde = source.value;
    try {
      context.key = cursor.keyStart < 0 ? null : source.key.deserialize(cursor.buffer, cursor.keyStart, cursor.keyEnd);
      context.value =
        cursor.valueStart < 0 ? null : source.value.deserialize(cursor.buffer, cursor.valueStart, cursor.valueEnd);
    } catch (cause) {
      this.#failures.unreadable(cause, source.node);
      return undefined;
    }
    if (cursor.timestampMs > this.#streamTimeMs) this.#streamTimeMs = cursor.timestampMs;
    try {
      return queue.node.process(context.key, context.value, cursor.timestampMs);
    } catch (cause) {
      this.#failures.failed(cause, source.node);
      return undefined;
    }
  }

  /** Leaves the head behind, then runs what its timestamp has made due: by stream time, after each record, as in Kafka. */
  #finishHead(queue: PartitionQueue): Outcome {
    this.counters.processed++;
    queue.advance();
    let pending: Promise<void> | undefined;
    for (const node of this.#scheduling) {
      if (!node.hasStreamTimeSchedules()) continue;
      if (pending === undefined) pending = this.#punctuateStreamTime(node) ?? undefined;
      else pending = pending.then(() => this.#punctuateStreamTime(node));
    }
    return pending;
  }

  #punctuateStreamTime(node: ProcessorNode): Outcome {
    this.#context.clear(Math.max(0, this.#streamTimeMs));
    try {
      return node.punctuateStreamTime(this.#streamTimeMs)?.catch((cause: unknown) => {
        throw this.#failures.punctuation(cause);
      });
    } catch (cause) {
      throw this.#failures.punctuation(cause);
    }
  }

  #queueOf(topic: string, partition: number): PartitionQueue {
    const queue = this.#queues.find((each) => each.topic === topic && each.partition === partition);
    if (queue === undefined)
      throw new RecordError('MR_TASK_FAILED', `task ${this.id} does not read ${topic}-${partition}`);
    return queue;
  }

  #storeOf(name: string): StateStore {
    const store = this.stores.get(name);
    if (store === undefined) {
      throw new FatalError('MR_TOPOLOGY_INVALID', `task ${this.id} has no store '${name}': list it with the processor`);
    }
    return store;
  }

  #timeOf(name: string): StreamTime {
    let time = this.#times.get(name);
    if (time === undefined) this.#times.set(name, (time = new StreamTime()));
    return time;
  }
}
