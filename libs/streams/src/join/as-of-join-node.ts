import { inOrder } from '../processor/in-order.js';
import type { NodeEnvironment } from '../processor/node-environment.js';
import { ProcessorNode, type Outcome } from '../processor/processor-node.js';
import type { StreamTime } from '../processor/stream-time.js';
import type { HeapTimeBuffer } from '../store/heap-time-buffer.js';
import type { TableView } from '../table/table-view.js';

/** A stream-table join that waits for the table to catch up. */
export interface AsOfJoin {
  readonly isLeft: boolean;
  /** Holds the records that wait. */
  readonly store: string;
  /** How far stream time must be past a record's time before it is joined. */
  readonly graceMs: number;
  readonly join: (left: unknown, right: unknown, key: unknown) => unknown;
}

/**
 * Joins each stream record with the version of a row that held at the record's time, once stream time is `graceMs` past it:
 * a change of the table that arrives late still counts (KIP-923). Records that come later than that are joined at once.
 */
export class AsOfJoinNode extends ProcessorNode {
  readonly #join: AsOfJoin;
  readonly #table: TableView;
  readonly #environment: NodeEnvironment;
  /** The greatest time of a record that waited. */
  readonly #time: StreamTime;
  readonly #waiting: HeapTimeBuffer<unknown, unknown>;

  constructor(name: string, join: AsOfJoin, table: TableView, environment: NodeEnvironment) {
    super(name);
    this.#join = join;
    this.#table = table;
    this.#environment = environment;
    this.#time = environment.streamTime(name);
    this.#waiting = environment.store(join.store) as HeapTimeBuffer<unknown, unknown>;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    if (value === null || (key === null && !this.#join.isLeft)) {
      this.#environment.counters.droppedNull++;
      return undefined;
    }
    if (key === null) return this.#joined(key, value, timestampMs);
    if (timestampMs < this.#time.ms - this.#join.graceMs) return this.#joined(key, value, timestampMs);
    this.#time.observe(timestampMs);
    this.#waiting.put(key, value, timestampMs, this.#environment.context.copyOfHeaders());
    return this.#emitUpTo(this.#time.ms - this.#join.graceMs);
  }

  override advanceStreamTime(streamTimeMs: number): Outcome {
    this.#time.observe(streamTimeMs);
    return this.#emitUpTo(streamTimeMs - this.#join.graceMs);
  }

  override closingTimeMs(): number | undefined {
    const latestMs = this.#waiting.latestHeldMs();
    return latestMs === undefined ? undefined : latestMs + this.#join.graceMs;
  }

  #emitUpTo(timeMs: number): Outcome {
    const { context } = this.#environment;
    return inOrder(this.#waiting.takeUpTo(timeMs), ({ key, value, timestampMs, headers }) =>
      context.during(timestampMs, headers, () => this.#joined(key, value, timestampMs)),
    );
  }

  #joined(key: unknown, value: unknown, timestampMs: number): Outcome {
    const row = key === null ? undefined : this.#table.rowAsOf(key, timestampMs);
    if (row === undefined && !this.#join.isLeft) return undefined;
    const joined = this.#join.join(value, row?.value ?? null, key);
    this.#environment.context.forgetValue();
    return this.forward(key, joined, timestampMs);
  }
}
