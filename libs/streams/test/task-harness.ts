import { ManualClock, SeededRandom } from '@millrace/kernel';
import { RecordBatchBuilder, RecordBatchCursor } from '@millrace/protocol';
import {
  DEFAULT_ERROR_POLICY,
  StreamTask,
  withErrorPolicy,
  type ErrorPolicy,
  type RecordCollector,
  type RecordRun,
  type TopologyBuilder,
} from '../src/index.js';

export interface SentRecord {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | null;
  readonly valueBytes: Buffer | null;
  readonly timestampMs: number;
  readonly headers: Buffer | null;
}

/** A run of records in memory, one a pair of timestamp and JSON value, with the key `k` unless another is given. */
class MemoryRun implements RecordRun {
  readonly cursor = new RecordBatchCursor();

  constructor(
    batch: Buffer,
    readonly nextOffset: number,
  ) {
    this.cursor.reset(batch);
  }

  nextRecord(): boolean {
    return this.cursor.nextRecord() || (this.cursor.nextBatch() && this.cursor.nextRecord());
  }
}

/** One task of a topology's first sub-topology, fed by hand: for what the test driver does on its own. */
export class TaskHarness {
  readonly task: StreamTask;
  readonly sent: SentRecord[] = [];
  nowMs = 0;
  readonly clock = new ManualClock();
  readonly #nextOffsets = new Map<string, number>();

  constructor(
    builder: TopologyBuilder,
    options: {
      readonly maxTaskIdleMs?: number;
      readonly policy?: Partial<ErrorPolicy>;
      readonly recordUndo?: { isOn: boolean };
    } = {},
  ) {
    const topology = withErrorPolicy(builder.build(), options.policy ?? {});
    const [sub] = topology.subTopologies;
    if (sub === undefined) throw new Error('the topology has no sub-topology');
    this.task = new StreamTask(topology, sub, {
      applicationId: 'app',
      partition: 0,
      collector: this.#collector(),
      policy: { ...DEFAULT_ERROR_POLICY, ...options.policy },
      nowMs: () => this.nowMs,
      globalTable: () => ({ get: () => undefined, size: () => 0 }),
      ...(options.recordUndo === undefined ? {} : { recordUndo: options.recordUndo }),
      calls: { clock: this.clock, random: new SeededRandom(1), ended: () => undefined },
      ...(options.maxTaskIdleMs === undefined ? {} : { maxTaskIdleMs: options.maxTaskIdleMs }),
    });
  }

  /** Adds records as one fetched batch. */
  add(
    topic: string,
    ...records: readonly {
      readonly at: number;
      readonly value: unknown;
      readonly raw?: string;
      readonly key?: string;
    }[]
  ): void {
    const builder = new RecordBatchBuilder();
    for (const { at, value, raw, key = 'k' } of records) {
      builder.append(at, Buffer.from(key), Buffer.from(raw ?? JSON.stringify(value)));
    }
    const baseOffset = this.#nextOffsets.get(topic) ?? 0;
    this.#nextOffsets.set(topic, baseOffset + records.length);
    const batch = builder.build({ baseOffset });
    this.task.addRecords(topic, 0, new MemoryRun(batch, baseOffset + records.length), batch.length);
  }

  caughtUp(...topics: readonly string[]): void {
    for (const topic of topics) this.task.setCaughtUp(topic, 0, true);
  }

  /** Values sent to a topic so far. */
  values(topic: string): unknown[] {
    return this.sent
      .filter((each) => each.topic === topic)
      .map(({ value }) => (value === null ? null : (JSON.parse(value) as unknown)));
  }

  #collector(): RecordCollector {
    return {
      partitionCount: () => 1,
      send: (topic, _partition, timestampMs, key, keyStart, keyEnd, value, valueStart, valueEnd, headers, from, to) => {
        const valueBytes = value === null || valueStart < 0 ? null : Buffer.from(value.subarray(valueStart, valueEnd));
        this.sent.push({
          topic,
          key: key === null || keyStart < 0 ? null : key.toString('utf8', keyStart, keyEnd),
          value: valueBytes === null ? null : valueBytes.toString(),
          valueBytes,
          timestampMs,
          headers: headers === null ? null : Buffer.from(headers.subarray(from, to)),
        });
      },
    };
  }
}
