import {
  RecordBatchBuilder,
  RecordBatchCursor,
  encodeHeaders,
  readHeaders,
  type RecordHeader,
} from '@millrace/protocol';
import type { RecordCollector } from '../task/record-collector.js';
import type { RecordRun } from '../task/record-run.js';
import { DEFAULT_ERROR_POLICY, type ErrorPolicy } from '../task/error-policy.js';
import { StreamTask } from '../task/stream-task.js';
import { GlobalStore } from '../store/global-store.js';
import type { KeyValueStore } from '../store/key-value-store.js';
import type { SubTopology, Topology } from '../topology/topology.js';
import type { Topic } from '../topology/topic.js';

/** Choices for a {@link TopologyTestDriver}. */
export interface TopologyTestDriverOptions {
  /** Prefix of internal topics. Default `test`. */
  readonly applicationId?: string;
  /** Wall-clock time at the start, in milliseconds or as an ISO text. Default 0. */
  readonly startAt?: number | string;
  readonly policy?: Partial<ErrorPolicy>;
}

/** A record that a topology wrote. */
export interface OutputRecord<K, V> {
  readonly key: K | null;
  readonly value: V | null;
  readonly timestampMs: number;
  readonly headers: readonly RecordHeader[];
}

interface RawRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestampMs: number;
  readonly headers: Buffer | null;
}

/** Records in memory as a {@link RecordRun}. */
class BatchRun implements RecordRun {
  readonly cursor = new RecordBatchCursor();
  readonly nextOffset: number;

  constructor(records: readonly RawRecord[], baseOffset: number) {
    const builder = new RecordBatchBuilder();
    for (const record of records) {
      const { headers } = record;
      builder.append(
        record.timestampMs,
        record.key,
        record.value,
        headers === null ? [] : readHeaders(headers, 0, headers.length),
      );
    }
    this.nextOffset = baseOffset + records.length;
    if (records.length > 0) this.cursor.reset(builder.build({ baseOffset }));
  }

  nextRecord(): boolean {
    return this.cursor.nextRecord() || (this.cursor.nextBatch() && this.cursor.nextRecord());
  }
}

/**
 * Runs a topology without a broker: the real tasks and stores, one partition a topic, one record at a time, committed after
 * each, with time under control. Repartition topics loop back at once; everything else that was written can be read.
 */
export class TopologyTestDriver {
  readonly #topology: Topology;
  readonly #applicationId: string;
  readonly #policy: ErrorPolicy;
  readonly #topics = new Map<string, RawRecord[]>();
  readonly #read = new Map<string, number>();
  readonly #globals = new Map<string, GlobalStore>();
  #tasks: StreamTask[] = [];
  #nowMs: number;
  #lastTurn: Promise<void> = Promise.resolve();

  constructor(topology: Topology, options: TopologyTestDriverOptions = {}) {
    this.#topology = topology;
    this.#applicationId = options.applicationId ?? 'test';
    this.#policy = { ...DEFAULT_ERROR_POLICY, ...options.policy };
    const { startAt = 0 } = options;
    this.#nowMs = typeof startAt === 'number' ? startAt : Date.parse(startAt);
    for (const table of topology.globalTables)
      this.#globals.set(table.name, new GlobalStore(table.store, table.key, table.value));
    this.#tasks = topology.subTopologies.map((sub) => this.#makeTask(sub));
  }

  /** The wall-clock time that the topology sees. */
  get nowMs(): number {
    return this.#nowMs;
  }

  input<K, V>(
    topic: Topic<K, V>,
  ): {
    /** Sends a record through the topology; the timestamp defaults to the wall clock. */
    pipe(
      key: K | null,
      value: V | null,
      options?: { timestampMs?: number; headers?: readonly RecordHeader[] },
    ): Promise<void>;
    /** Sends bytes as some other producer would. */
    pipeRaw(key: Buffer | null, value: Buffer | null, options?: { timestampMs?: number }): Promise<void>;
  } {
    return {
      pipe: (key, value, options = {}) =>
        this.#pipeInTurn(topic.name, {
          key: key === null ? null : topic.key.serialize(key),
          value: value === null ? null : topic.value.serialize(value),
          timestampMs: options.timestampMs ?? this.#nowMs,
          headers: options.headers === undefined ? null : encodeHeaders(options.headers),
        }),
      pipeRaw: (key, value, options = {}) =>
        this.#pipeInTurn(topic.name, { key, value, timestampMs: options.timestampMs ?? this.#nowMs, headers: null }),
    };
  }

  output<K, V>(
    topic: Topic<K, V>,
  ): {
    /** Records written since the last read, in order. */
    readRecords(): OutputRecord<K, V>[];
    readValues(): (V | null)[];
  } {
    const readRecords = (): OutputRecord<K, V>[] =>
      this.#take(topic.name).map(({ key, value, timestampMs, headers }) => ({
        key: key === null ? null : topic.key.deserialize(key, 0, key.length),
        value: value === null ? null : topic.value.deserialize(value, 0, value.length),
        timestampMs,
        headers: headers === null ? [] : readHeaders(headers, 0, headers.length),
      }));
    return { readRecords, readValues: () => readRecords().map((record) => record.value) };
  }

  /** The contents of a key-value store, over all tasks. */
  store<K, V>(name: string): KeyValueStore<K, V> {
    for (const task of this.#tasks) {
      const store = task.stores.get(name);
      if (store !== undefined) return store as unknown as KeyValueStore<K, V>;
    }
    throw new Error(
      `the topology has no store '${name}': ${this.#tasks.flatMap((each) => [...each.stores.keys()]).join(', ')}`,
    );
  }

  /** What all tasks have counted so far. */
  counters(): { processed: number; droppedLate: number; droppedNull: number; deadLettered: number } {
    const total = { processed: 0, droppedLate: 0, droppedNull: 0, deadLettered: 0 };
    for (const { counters } of this.#tasks) {
      total.processed += counters.processed;
      total.droppedLate += counters.droppedLate;
      total.droppedNull += counters.droppedNull;
      total.deadLettered += counters.deadLettered;
    }
    return total;
  }

  /** Moves the wall clock on and runs what is due by it. */
  advanceWallClock(ms: number): Promise<void> {
    return this.#inTurn(async () => {
      this.#nowMs += ms;
      for (const task of this.#tasks) await task.punctuate(this.#nowMs);
      await this.#settle();
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

  /** Closes every task, makes it anew and restores its stores from their changelogs: a crash after the last commit. */
  restart(): void {
    const metadata = this.#tasks.map((task) => this.#metadata.get(task.id) ?? '');
    for (const task of this.#tasks) task.close();
    this.#tasks = this.#topology.subTopologies.map((sub) => this.#makeTask(sub));
    for (const [index, task] of this.#tasks.entries()) {
      task.restoreTimes(metadata[index] ?? '');
      for (const { store, topic } of task.changelogs())
        task.restore(store, new BatchRun(this.#topics.get(topic) ?? [], 0));
    }
  }

  readonly #metadata = new Map<string, string>();

  #makeTask(sub: SubTopology): StreamTask {
    const task = new StreamTask(this.#topology, sub, {
      applicationId: this.#applicationId,
      partition: 0,
      collector: this.#collector(),
      policy: this.#policy,
      nowMs: () => this.#nowMs,
      globalTable: (name) => this.#globals.get(name) as GlobalStore,
    });
    for (const { topic, partition } of task.inputs) task.setCaughtUp(topic, partition, true);
    return task;
  }

  #collector(): RecordCollector {
    return {
      partitionCount: () => 1,
      send: (topic, _partition, timestampMs, key, keyStart, keyEnd, value, valueStart, valueEnd, headers, from, to) => {
        this.#append(topic, {
          key: key === null || keyStart < 0 ? null : Buffer.from(key.subarray(keyStart, keyEnd)),
          value: value === null || valueStart < 0 ? null : Buffer.from(value.subarray(valueStart, valueEnd)),
          timestampMs,
          headers: headers === null || to - from <= 1 ? null : Buffer.from(headers.subarray(from, to)),
        });
      },
    };
  }

  #append(topic: string, record: RawRecord): void {
    const records = this.#topics.get(topic);
    if (records === undefined) this.#topics.set(topic, [record]);
    else records.push(record);
  }

  #pipeInTurn(topic: string, record: RawRecord): Promise<void> {
    return this.#inTurn(() => this.#pipe(topic, record));
  }

  async #pipe(topic: string, record: RawRecord): Promise<void> {
    const tables = this.#topology.globalTables.filter((each) => each.topic === topic);
    const reads = this.#tasks.some((task) => task.inputs.some((input) => input.topic === topic));
    if (tables.length === 0 && !reads) throw new Error(`the topology does not read '${topic}'`);
    for (const table of tables) {
      const run = new BatchRun([record], 0);
      while (run.nextRecord()) {
        const { buffer, keyStart, keyEnd, valueStart, valueEnd } = run.cursor;
        this.#globals.get(table.name)?.apply(buffer, keyStart, keyEnd, valueStart, valueEnd);
      }
    }
    this.#append(topic, record);
    await this.#settle();
  }

  /** Does one thing after the other, also where a test does not wait: a task is never entered twice. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#lastTurn.then(work);
    // Its error belongs to whoever asked for it, not to the next one.
    this.#lastTurn = turn.catch(() => undefined);
    return turn;
  }

  /** Feeds tasks what stands in their input topics until nothing moves, committing as it goes. */
  async #settle(): Promise<void> {
    for (let moved = true; moved;) {
      moved = false;
      for (const task of this.#tasks) {
        for (const { topic, partition } of task.inputs) {
          const records = this.#topics.get(topic) ?? [];
          const from = this.#read.get(`${topic} in`) ?? 0;
          if (from >= records.length) continue;
          this.#read.set(`${topic} in`, records.length);
          const run = new BatchRun(records.slice(from), from);
          task.addRecords(topic, partition, run, 0);
          moved = true;
        }
        while ((await task.process(1_000, this.#nowMs)) > 0) moved = true;
        await task.punctuate(this.#nowMs);
        await task.prepareCommit();
        const [offset] = task.consumedOffsets();
        if (offset !== undefined) this.#metadata.set(task.id, offset.metadata);
        task.committed();
      }
    }
  }

  #take(topic: string): RawRecord[] {
    const records = this.#topics.get(topic) ?? [];
    const from = this.#read.get(`${topic} out`) ?? 0;
    this.#read.set(`${topic} out`, records.length);
    return records.slice(from);
  }
}
