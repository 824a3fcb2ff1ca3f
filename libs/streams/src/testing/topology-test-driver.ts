import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import { ManualClock, SeededRandom } from '@millrace/kernel';
import { encodeHeaders, readHeaders, type RecordHeader } from '@millrace/protocol';
import { DEFAULT_ERROR_POLICY, type ErrorPolicy } from '../task/error-policy.js';
import { deadLetterTopic } from '../task/dead-letter.js';
import { StreamTask } from '../task/stream-task.js';
import { IN_MEMORY, type StoreEngines } from '../task/store-engines.js';
import type { RecordCollector } from '../task/record-collector.js';
import type { TaskCounters } from '../task/task-counters.js';
import { GlobalStore } from '../store/global-store.js';
import { TopologyChangeError } from '../errors/topology-change-error.js';
import { changesInTheWay, topicInCluster } from '../topology/changes/changes-in-the-way.js';
import { describeTopology } from '../topology/changes/describe-topology.js';
import type { ChangeEvidence } from '../topology/changes/topology-change.js';
import { withErrorPolicy } from '../topology/recovery.js';
import { patternMatches } from '../topology/topic-pattern.js';
import type { SourceSpec } from '../topology/specs.js';
import type { Topology } from '../topology/topology.js';
import type { Topic } from '../topology/topic.js';
import { deadLetterOf, waitingRecords, type DeadLetter, type WaitingRecord } from './failed-records.js';
import { MemoryRun, MemoryTopics, type RawRecord } from './memory-topics.js';
import { OpenTransaction } from './open-transaction.js';
import { viewOf, type StoreView } from './store-view.js';

/** Choices for a {@link TopologyTestDriver}. */
export interface TopologyTestDriverOptions {
  /** Prefix of internal topics. Default `test`. */
  readonly applicationId?: string;
  /** Wall-clock time at the start, in milliseconds or as an ISO text. Default 0. */
  readonly startAt?: number | string;
  /**
   * The clock that the driver moves, for what the topology calls and is to see the same time, such as a policy's breaker.
   * In place of `startAt`. Default: one of the driver's own.
   */
  readonly clock?: ManualClock;
  readonly policy?: Partial<ErrorPolicy>;
  /** How many partitions each topic has, and so how many tasks each sub-topology. Default 1. */
  readonly partitions?: number;
  /**
   * `synchronous` (default): a task takes all that it has before the next one does. `merged`: of all tasks the one whose next
   * record is the earliest takes one, as if the whole topology were one reader in order of time.
   */
  readonly order?: 'synchronous' | 'merged';
  /**
   * Whose stream time punctuators see. `sub-topology` (default): that of their task, as in a cluster. `topology`: the latest of all tasks of
   * a partition, as in Kafka Streams' own `TopologyTestDriver`, where the whole topology is one task.
   */
  readonly streamTime?: 'sub-topology' | 'topology';
  /**
   * Processes every record twice: once for nothing, ended by a crash before the commit, then again from what was committed. What
   * comes out must be the same; if it is not, some state is kept outside the stores. Default false.
   */
  readonly replayEveryRecord?: boolean;
  /** What keeps the stores. Default: the heap. A {@link TopologyTestDriver.restart} goes on with what an engine has kept. */
  readonly storeEngines?: StoreEngines;
}

/** How a {@link TopologyTestDriver.restart} goes on. */
export interface RestartOptions {
  /** As `acceptTopologyChanges` of an application: places of changes that are accepted, such as `store totals`. Default: none. */
  readonly acceptTopologyChanges?: readonly string[];
  /** The error policy from now on. Default: the one of before. */
  readonly policy?: Partial<ErrorPolicy>;
}

/** A record that a topology wrote. */
export interface OutputRecord<K, V> {
  readonly key: K | null;
  readonly value: V | null;
  readonly timestampMs: number;
  readonly headers: readonly RecordHeader[];
}

/** What a test can do with an input topic. */
export interface TestInput<K, V> {
  /** Sends a record through the topology; the timestamp defaults to the wall clock. */
  pipe(
    key: K | null,
    value: V | null,
    options?: { readonly timestampMs?: number; readonly headers?: readonly RecordHeader[] },
  ): Promise<void>;
  /** Sends bytes as some other producer would. */
  pipeRaw(key: Buffer | null, value: Buffer | null, options?: { readonly timestampMs?: number }): Promise<void>;
}

/** What a test can do with an output topic. */
export interface TestOutput<K, V> {
  /** Records written since the last read, in order. */
  readRecords(): OutputRecord<K, V>[];
  readValues(): (V | null)[];
}

/** What the tasks of a driver have counted. */
export type DriverCounters = Readonly<Record<keyof TaskCounters, number>>;

/** Seed of the jitter between the tries of a call: the same in every run. */
const JITTER_SEED = 1;

/** Takes what a task writes and throws it away, for work that a crash will undo. */
const NOWHERE = { send: () => undefined };

/**
 * Runs a topology without a broker: the real tasks and stores, committed as soon as nothing moves, with time under control.
 * Repartition topics loop back at once; everything else that was written can be read.
 *
 * Calls to the outside (`asyncMap`) are waited for as long as they answer within a turn of the event loop. Others stay under
 * way: every method returns all the same, and {@link advanceWallClock} fires their time limits and the pauses between their tries.
 * Until they have ended their task is not committed: what it wrote cannot be read, and {@link restart} repeats it.
 */
export class TopologyTestDriver {
  #topology: Topology;
  readonly #options: Required<
    Pick<TopologyTestDriverOptions, 'applicationId' | 'order' | 'replayEveryRecord' | 'storeEngines' | 'streamTime'>
  >;
  readonly #partitions: number;
  #policy: Partial<ErrorPolicy>;
  readonly #topics: MemoryTopics;
  readonly #globals = new Map<string, GlobalStore>();
  /** The offset up to which each input was handed to its task, and was committed by it, and each output was read. */
  readonly #handed = new Map<string, number>();
  readonly #read = new Map<string, number>();
  readonly #committed = new Map<string, number>();
  /** The stream times that were committed last with the offset of each input. */
  readonly #times = new Map<string, string>();
  /** Topics that match patterns, as soon as something was piped to them. */
  readonly #matched: string[] = [];
  #tasks: StreamTask[];
  /** What each task has written since its last commit. */
  readonly #open = new Map<string, OpenTransaction>();
  readonly #clock: ManualClock;
  readonly #random = new SeededRandom(JITTER_SEED);
  #callEnded: () => void = () => undefined;
  #lastTurn: Promise<void> = Promise.resolve();

  constructor(topology: Topology, options: TopologyTestDriverOptions = {}) {
    const { applicationId = 'test', order = 'synchronous', replayEveryRecord = false } = options;
    const { startAt = 0, partitions = 1, policy, storeEngines = IN_MEMORY, streamTime = 'sub-topology' } = options;
    this.#topology = withErrorPolicy(topology, policy ?? {});
    this.#options = { applicationId, order, replayEveryRecord, storeEngines, streamTime };
    this.#partitions = partitions;
    this.#policy = policy ?? {};
    this.#topics = new MemoryTopics(partitions);
    this.#clock = options.clock ?? new ManualClock(typeof startAt === 'number' ? startAt : Date.parse(startAt));
    this.#fillGlobals();
    this.#tasks = this.#makeTasks();
  }

  /** The wall-clock time that the topology sees. */
  get nowMs(): number {
    return this.#clock.nowMs();
  }

  input<K, V>(topic: Topic<K, V>): TestInput<K, V> {
    return {
      pipe: (key, value, options = {}) =>
        this.#pipe(topic.name, {
          key: key === null ? null : topic.key.serialize(key),
          value: value === null ? null : topic.value.serialize(value),
          timestampMs: options.timestampMs ?? this.nowMs,
          headers: options.headers === undefined ? null : encodeHeaders(options.headers),
        }),
      pipeRaw: (key, value, options = {}) =>
        this.#pipe(topic.name, { key, value, timestampMs: options.timestampMs ?? this.nowMs, headers: null }),
    };
  }

  output<K, V>(topic: Topic<K, V>): TestOutput<K, V> {
    const readRecords = (): OutputRecord<K, V>[] =>
      this.#take(topic.name).map(({ key, value, timestampMs, headers }) => ({
        key: key === null ? null : topic.key.deserialize(key, 0, key.length),
        value: value === null ? null : topic.value.deserialize(value, 0, value.length),
        timestampMs,
        headers: headers === null ? [] : readHeaders(headers, 0, headers.length),
      }));
    return { readRecords, readValues: () => readRecords().map((record) => record.value) };
  }

  /** The contents of a store, over all partitions. */
  store<K, V>(name: string): StoreView<K, V> {
    const stores = this.#tasks.flatMap((task) => task.stores.get(name) ?? []);
    if (stores.length > 0) return viewOf<K, V>(name, stores);
    const known = [...new Set(this.#tasks.flatMap((each) => [...each.stores.keys()]))];
    throw new Error(`the topology has no store '${name}': ${known.join(', ')}`);
  }

  /** What all tasks have counted so far. */
  counters(): DriverCounters {
    const total = { processed: 0, droppedLate: 0, droppedNull: 0, deadLettered: 0, retriedInPlace: 0, sentToRetry: 0 };
    for (const { counters } of this.#tasks) {
      total.processed += counters.processed;
      total.droppedLate += counters.droppedLate;
      total.droppedNull += counters.droppedNull;
      total.deadLettered += counters.deadLettered;
      total.retriedInPlace += counters.retriedInPlace;
      total.sentToRetry += counters.sentToRetry;
    }
    return total;
  }

  /** The records that wait in the retry topics of a source, by the name that the topology gave it; the next one to be tried first. */
  waitingRecords(source: string): WaitingRecord[] {
    return waitingRecords(
      this.#topology.subTopologies.flatMap((sub) =>
        (sub.recovery ?? [])
          .filter((each) => each.source.node === source)
          .flatMap(({ delaysMs }) =>
            delaysMs.map((_delay, nth) => `${this.#options.applicationId}-${source}-retry-${nth + 1}`),
          ),
      ),
      Array.from({ length: this.#partitions }, (_none, partition) => partition),
      (topic, partition) =>
        this.#topics.log(topic, partition).slice(this.#committed.get(placeOf(topic, partition)) ?? 0),
    );
  }

  /** The dead letters of a topic since they were last read, with what their headers say. */
  deadLetters(topic: { readonly name: string }): DeadLetter[] {
    return this.#take(deadLetterTopic(topic.name)).map(deadLetterOf);
  }

  /** Moves the wall clock on and runs what is due by it; what a timer or a retry leads to happens at its own time. */
  advanceWallClock(ms: number): Promise<void> {
    return this.#inTurn(async () => {
      const untilMs = this.nowMs + ms;
      // What was answered or refused before this has its consequences now, not later.
      if (this.#tasks.some((task) => task.isCalling)) await this.#settle();
      for (const task of this.#tasks) await task.punctuate(this.nowMs);
      for (let dueMs = this.#nextDueMs(); dueMs <= untilMs; dueMs = this.#nextDueMs()) {
        this.#clock.advanceTo(dueMs);
        await this.#settle();
      }
      this.#clock.advanceTo(untilMs);
      for (const task of this.#tasks) await task.punctuate(this.nowMs);
      await this.#settle();
    });
  }

  /** Waits until no call to the outside is under way: for those that only the outside can answer, and not the wall clock. */
  callsEnded(): Promise<void> {
    return this.#inTurn(async () => {
      for (await this.#settle(); this.#tasks.some((task) => task.isCalling); await this.#settle()) {
        if (this.#tasks.some((task) => task.hasResults)) continue;
        await new Promise<void>((resolve) => (this.#callEnded = resolve));
      }
    });
  }

  /** Lets every task advance its stream time as if it had been idle for long enough; the topology must have asked for it. */
  async becomeIdle(): Promise<void> {
    if (this.#topology.idleAdvance === undefined) throw new Error('the topology does not ask for idle advance');
    await this.#inTurn(async () => {
      for (const task of this.#tasks) {
        await task.advanceIdle();
        await this.#settle();
      }
    });
  }

  /**
   * Closes every task, makes it anew and restores its stores from their changelogs: a crash after the last commit.
   *
   * @param next Another version of the topology, as if it were deployed in place of this one: it takes over the offsets, and what stands in
   *   the stores, internal topics and stream times whose names it has. Default: the same.
   * @throws {TopologyChangeError} (stop-app) when an application would refuse it at boot; the driver is as it was.
   */
  restart(next?: Topology, { acceptTopologyChanges, policy = this.#policy }: RestartOptions = {}): void {
    const former = this.#tasks;
    if (next !== undefined) this.#replace(withErrorPolicy(next, policy), policy, acceptTopologyChanges);
    this.close();
    this.#open.clear();
    // What was processed and not committed, or waited to be tried again, is read again.
    for (const place of this.#handed.keys()) this.#handed.set(place, this.#committed.get(place) ?? 0);
    this.#tasks = this.#makeTasks();
    for (const task of this.#tasks) {
      this.#restore(task);
      const before = former.find(({ id }) => id === task.id);
      if (before !== undefined) task.succeed(before);
    }
    this.#feed();
  }

  /** When the next timer fires or the next record is to be tried again, after now. */
  #nextDueMs(): number {
    const dues = [this.#clock.nextTimerMs(), ...this.#tasks.map((task) => task.nextRetryMs())];
    return Math.min(...dues.map((dueMs) => (dueMs !== undefined && dueMs > this.nowMs ? dueMs : Infinity)));
  }

  /** Ends every task and lets go of what store engines hold open. */
  close(): void {
    for (const task of this.#tasks) {
      task.close();
      task.storeSet.close();
    }
    this.#tasks = [];
  }

  /** Puts another version in the place of the topology, unless what stands cannot go on with it. */
  #replace(next: Topology, policy: Partial<ErrorPolicy>, accepted: readonly string[] = []): void {
    const { applicationId } = this.#options;
    const changes = changesInTheWay([describeTopology(this.#topology)], [describeTopology(next)], accepted);
    const refused = changes.filter(({ unless }) => unless === undefined || !this.#holds(unless));
    if (refused.length > 0) throw new TopologyChangeError(applicationId, refused);
    this.#topology = next;
    this.#policy = policy;
    this.#fillGlobals();
  }

  #holds({ topics, are }: ChangeEvidence): boolean {
    return topics.every((each) => {
      const topic = topicInCluster(each, this.#options.applicationId);
      return Array.from({ length: this.#partitions }, (_none, partition) => partition).every((partition) => {
        const read = are === 'empty' ? 0 : (this.#committed.get(placeOf(topic, partition)) ?? 0);
        return this.#topics.log(topic, partition).length <= read;
      });
    });
  }

  /** Makes the global tables from their topics. */
  #fillGlobals(): void {
    this.#globals.clear();
    for (const { name, topic, store, key, value } of this.#topology.globalTables) {
      const table = new GlobalStore(store, key, value);
      this.#globals.set(name, table);
      for (const record of this.#topics.inOrder(topic)) applyTo(table, record);
    }
  }

  #makeTasks(): StreamTask[] {
    return this.#topology.subTopologies.flatMap((_sub, index) =>
      Array.from({ length: this.#partitions }, (_none, partition) => {
        const transaction = new OpenTransaction(this.#topics);
        const task = this.#makeTask(index, partition, transaction);
        this.#open.set(task.id, transaction);
        return task;
      }),
    );
  }

  #makeTask(
    subTopology: number,
    partition: number,
    collector: RecordCollector,
    storeEngines = this.#options.storeEngines,
  ): StreamTask {
    const task = new StreamTask(this.#topology, this.#topology.subTopologies[subTopology] as never, {
      applicationId: this.#options.applicationId,
      partition,
      collector,
      policy: { ...DEFAULT_ERROR_POLICY, ...this.#policy },
      nowMs: () => this.nowMs,
      globalTable: (name) => this.#globals.get(name) as GlobalStore,
      storeEngines,
      matchedTopics: this.#matched,
      calls: { clock: this.#clock, random: this.#random, ended: () => this.#callEnded() },
    });
    for (const { topic } of task.inputs) {
      task.setCaughtUp(topic, partition, true);
      // What is committed without a record, as by a punctuator, is committed at these.
      task.startAt(topic, partition, this.#committed.get(placeOf(topic, partition)) ?? 0);
    }
    return task;
  }

  #restore(task: StreamTask): void {
    for (const { topic, partition } of task.inputs) {
      task.restoreTimes(this.#times.get(placeOf(topic, partition)) ?? '');
    }
    for (const { store, topic, partition, isSource } of task.changelogs()) {
      const log = this.#topics.log(topic, partition);
      const end = isSource ? (this.#committed.get(placeOf(topic, partition)) ?? 0) : log.length;
      const from = Math.min(task.restorePosition(store) ?? 0, end);
      task.restore(store, new MemoryRun(log.slice(from, end), from));
      task.storeSet.restored(store);
    }
  }

  #pipe(topic: string, record: RawRecord): Promise<void> {
    return this.#inTurn(async () => {
      const tables = this.#topology.globalTables.filter((each) => each.topic === topic);
      this.#match(topic);
      const reads = this.#tasks.some((task) => task.inputs.some((input) => input.topic === topic));
      if (tables.length === 0 && !reads) throw new Error(`the topology does not read '${topic}'`);
      for (const table of tables) applyTo(this.#globals.get(table.name) as GlobalStore, record);
      this.#topics.append(topic, record);
      await this.#settle();
    });
  }

  /** Lets tasks read a topic that is new and matches: they go on from their last commits, as after a rebalance. */
  #match(topic: string): void {
    const sources = (task: StreamTask): readonly SourceSpec[] => task.subTopology.sources;
    const matching = this.#tasks.filter((task) =>
      sources(task).some(({ pattern }) => pattern !== undefined && patternMatches(pattern, topic)),
    );
    if (matching.length === 0 || this.#matched.includes(topic)) return;
    this.#matched.push(topic);
    for (const task of matching) {
      this.#open.get(task.id)?.abort();
      task.rollback();
      for (const { topic: input, partition } of task.inputs) {
        task.setCaughtUp(input, partition, true);
        this.#handed.set(placeOf(input, partition), this.#committed.get(placeOf(input, partition)) ?? 0);
      }
    }
  }

  /** Does one thing after the other, also where a test does not wait: a task is never entered twice. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#lastTurn.then(work);
    // Its error belongs to whoever asked for it, not to the next one.
    this.#lastTurn = turn.catch(() => undefined);
    return turn;
  }

  /** Lets tasks work until nothing moves, and commits. */
  async #settle(): Promise<void> {
    this.#feed();
    for (let moved = true; moved;) {
      moved = this.#options.order === 'merged' ? await this.#takeEarliest() : await this.#takeAll();
      // What was written with a commit alone, as by a punctuator, may be input of any task.
      if (this.#feed()) moved = true;
    }
  }

  /** Hands to the tasks what stands in their inputs. @returns whether there was anything. */
  #feed(): boolean {
    let isFed = false;
    for (const task of this.#tasks) {
      for (const { topic, partition } of task.inputs) {
        const log = this.#topics.log(topic, partition);
        const from = this.#handed.get(placeOf(topic, partition)) ?? 0;
        if (from >= log.length) continue;
        isFed = true;
        this.#handed.set(placeOf(topic, partition), log.length);
        task.addRecords(topic, partition, new MemoryRun(log.slice(from), from), 0);
      }
    }
    return isFed;
  }

  async #takeAll(): Promise<boolean> {
    let moved = false;
    for (const task of this.#tasks) {
      if (this.#feed()) moved = true;
      while ((await this.#process(task)) > 0) {
        moved = true;
        if (!task.isCalling) await this.#commit(task);
      }
      await task.punctuate(this.nowMs);
      if (await this.#commit(task)) moved = true;
    }
    return moved;
  }

  async #takeEarliest(): Promise<boolean> {
    let earliest: StreamTask | undefined;
    let earliestMs = Infinity;
    for (const task of this.#tasks) {
      const headMs = task.headTimestampMs(this.nowMs);
      if (headMs === undefined || headMs >= earliestMs) continue;
      earliest = task;
      earliestMs = headMs;
    }
    let moved = earliest !== undefined;
    if (earliest !== undefined) await this.#process(earliest);
    for (const task of earliest === undefined ? this.#tasks : [earliest]) {
      await task.punctuate(this.nowMs);
      if (await this.#commit(task)) moved = true;
    }
    return moved;
  }

  async #process(task: StreamTask): Promise<number> {
    const isRehearsed = this.#options.replayEveryRecord && task.hasRecords() && !task.isCalling;
    if (isRehearsed) await this.#rehearse(task);
    const processed = await task.process(1, this.nowMs);
    if (isRehearsed) await this.#commit(task);
    if (processed > 0 && this.#options.streamTime === 'topology') await this.#shareStreamTime(task);
    return processed;
  }

  /** Tells the other tasks of its partition how far a task has come. */
  async #shareStreamTime(task: StreamTask): Promise<void> {
    const partition = task.inputs[0]?.partition;
    for (const other of this.#tasks) {
      if (other === task || other.inputs[0]?.partition !== partition) continue;
      await other.followStreamTime(task.streamTimeMs);
    }
  }

  /** Lets a twin of the task, restored from what is committed, process its next record for nothing. */
  async #rehearse(task: StreamTask): Promise<void> {
    const partition = task.inputs[0]?.partition ?? 0;
    const index = this.#topology.subTopologies.indexOf(task.subTopology);
    const twin = this.#makeTask(index, partition, { partitionCount: () => this.#partitions, ...NOWHERE }, IN_MEMORY);
    this.#restore(twin);
    for (const { topic } of task.inputs) {
      const at = this.#committed.get(placeOf(topic, partition)) ?? 0;
      twin.addRecords(topic, partition, new MemoryRun(this.#topics.log(topic, partition).slice(at), at), 0);
    }
    await twin.process(1, this.nowMs);
    twin.close();
  }

  /** Forwards what calls to the outside answer, until they take longer than a turn. @returns whether there was anything. */
  async #answer(task: StreamTask): Promise<boolean> {
    let moved = false;
    while (task.isCalling) {
      if (!task.hasResults) await eventLoopTurn();
      if (!task.hasResults) break;
      await task.forwardResults();
      moved = true;
    }
    return moved;
  }

  /** Commits, unless calls stay under way that are not answered. @returns whether some were. */
  async #commit(task: StreamTask): Promise<boolean> {
    let moved = false;
    while (!(await task.flush())) {
      if (!(await this.#answer(task))) return moved;
      moved = true;
    }
    for (const { topic, partition, offset, metadata } of task.consumedOffsets()) {
      this.#committed.set(placeOf(topic, partition), offset);
      this.#times.set(placeOf(topic, partition), metadata);
    }
    this.#open.get(task.id)?.commit();
    for (const { store, topic, partition, isSource } of task.changelogs()) {
      if (!isSource) task.storeSet.reached(store, this.#topics.log(topic, partition).length);
    }
    task.committed();
    return moved;
  }

  #take(topic: string): readonly RawRecord[] {
    const records = this.#topics.inOrder(topic);
    const from = this.#read.get(topic) ?? 0;
    this.#read.set(topic, records.length);
    return records.slice(from);
  }
}

function applyTo(table: GlobalStore, record: RawRecord): void {
  const run = new MemoryRun([record], 0);
  while (run.nextRecord()) {
    const { buffer, keyStart, keyEnd, valueStart, valueEnd } = run.cursor;
    table.apply(buffer, keyStart, keyEnd, valueStart, valueEnd);
  }
}

function placeOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
