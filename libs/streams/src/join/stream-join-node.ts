import type { NodeEnvironment } from '../processor/node-environment.js';
import { ProcessorNode, type Outcome } from '../processor/processor-node.js';
import type { StreamTime } from '../processor/stream-time.js';
import type { HeapJoinStore } from '../store/heap-join-store.js';
import type { HeapUnmatchedStore } from '../store/heap-unmatched-store.js';

/**
 * When a left record that has no match is emitted.
 *
 * - `early`: as in Kafka Streams. One that arrives after the end of its window is emitted at once, although the grace still
 *   runs, and is emitted again with any match that comes later.
 * - `at-close`: once, when window and grace have passed; a match that comes after that is late, dropped and counted. So each
 *   left record gives the same results in whatever order both sides arrive.
 */
export type UnmatchedLeft = 'early' | 'at-close';

/** What both sides of a windowed stream-stream join agree on. */
export interface StreamJoin {
  readonly name: string;
  readonly isLeft: boolean;
  /** How far before and after a left record the right one may lie, in milliseconds, both ends included. */
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly graceMs: number;
  readonly unmatched: UnmatchedLeft;
  readonly leftStore: string;
  readonly rightStore: string;
  readonly unmatchedStore: string;
  readonly join: (left: unknown, right: unknown, key: unknown) => unknown;
}

/**
 * One side of a windowed stream-stream join, with the semantics of Kafka Streams: both sides share one stream time; each
 * record is kept, then joined with all records of the other side within the window; the result's timestamp is the greater of
 * the two. A left record without a match waits until its window has closed, and is then emitted once, joined with null.
 */
export class StreamJoinNode extends ProcessorNode {
  readonly #join: StreamJoin;
  readonly #isLeftSide: boolean;
  readonly #environment: NodeEnvironment;
  readonly #time: StreamTime;
  /** The earliest unmatched record that Kafka Streams believes to wait, as a time; -1 when it believes none does. */
  readonly #earliest: StreamTime;
  readonly #own: HeapJoinStore<unknown, unknown>;
  readonly #other: HeapJoinStore<unknown, unknown>;
  readonly #unmatched: HeapUnmatchedStore<unknown, unknown> | undefined;

  constructor(name: string, join: StreamJoin, isLeftSide: boolean, environment: NodeEnvironment) {
    super(name);
    this.#join = join;
    this.#isLeftSide = isLeftSide;
    this.#environment = environment;
    this.#time = environment.streamTime(join.name);
    this.#earliest = environment.streamTime(`${join.name}/unmatched`);
    const left = environment.store(join.leftStore) as HeapJoinStore<unknown, unknown>;
    const right = environment.store(join.rightStore) as HeapJoinStore<unknown, unknown>;
    this.#own = isLeftSide ? left : right;
    this.#other = isLeftSide ? right : left;
    this.#unmatched = join.isLeft
      ? (environment.store(join.unmatchedStore) as HeapUnmatchedStore<unknown, unknown>)
      : undefined;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    const isNewest = this.#time.observe(timestampMs);
    if (value === null || key === null) return this.#withoutKeyOrValue(key, value, timestampMs);
    const valueBytes = this.#environment.context.valueBytes(value, this.#own.value);
    this.#own.add(key, value, timestampMs, valueBytes);
    const due = isNewest && this.#mayHaveClosed() ? this.#emitClosed() : undefined;
    if (due !== undefined) return due.then(() => this.#match(key, value, timestampMs));
    return this.#match(key, value, timestampMs);
  }

  override advanceStreamTime(streamTimeMs: number): Outcome {
    this.#time.observe(streamTimeMs);
    return this.#isLeftSide ? this.#emitClosed() : undefined;
  }

  override closingTimeMs(): number | undefined {
    const latestMs = this.#isLeftSide ? this.#unmatched?.latestMs() : undefined;
    return latestMs === undefined ? undefined : latestMs + this.#join.afterMs + this.#join.graceMs + 1;
  }

  #withoutKeyOrValue(key: unknown, value: unknown, timestampMs: number): Outcome {
    if (this.#isLeftSide && this.#join.isLeft && value !== null) {
      return this.forward(key, this.#join.join(value, null, key), timestampMs);
    }
    this.#environment.counters.droppedNull++;
    return undefined;
  }

  #match(key: unknown, value: unknown, timestampMs: number): Outcome {
    const { beforeMs, afterMs, join } = this.#join;
    const fromMs = timestampMs - (this.#isLeftSide ? beforeMs : afterMs);
    const toMs = timestampMs + (this.#isLeftSide ? afterMs : beforeMs);
    const rows = this.#other.fetch(key, Math.max(0, fromMs), Math.max(0, toMs));
    let pending: Promise<void> | undefined;
    for (const row of rows) {
      if (!this.#isLeftSide) {
        if (this.#isClosed(row.timestampMs)) {
          this.#environment.counters.droppedLate++;
          continue;
        }
        this.#unmatched?.matched(key, row.timestampMs);
      }
      const joined = this.#isLeftSide ? join(value, row.value, key) : join(row.value, value, key);
      const joinedMs = Math.max(timestampMs, row.timestampMs);
      if (pending !== undefined) pending = pending.then(() => this.forward(key, joined, joinedMs));
      else pending = this.forward(key, joined, joinedMs) ?? undefined;
    }
    if (rows.length > 0 || !this.#isLeftSide || this.#unmatched === undefined) return pending;
    const patienceMs = this.#join.unmatched === 'at-close' ? this.#join.graceMs : 0;
    if (toMs + patienceMs < this.#time.ms) return this.forward(key, join(value, null, key), timestampMs);
    this.#unmatched.add(key, value, timestampMs);
    if (this.#earliest.ms < 0 || timestampMs < this.#earliest.ms) this.#earliest.ms = timestampMs;
    return undefined;
  }

  /**
   * Whether Kafka Streams would look for closed windows now. It takes the wider reach of the side that has a record, and after
   * a look it remembers the latest waiting record for the earliest: both delay a result, and neither loses one. With
   * `at-close` results are due when they are due.
   */
  #mayHaveClosed(): boolean {
    if (this.#unmatched === undefined || this.#join.unmatched === 'at-close') return true;
    const reachMs = this.#isLeftSide ? this.#join.afterMs : this.#join.beforeMs;
    if (this.#earliest.ms < 0 || this.#earliest.ms >= this.#time.ms - reachMs - this.#join.graceMs) return false;
    this.#earliest.ms = this.#unmatched.latestMs() ?? -1;
    return true;
  }

  /** Whether the left record of that time has been given up as unmatched, or would have been. */
  #isClosed(leftMs: number): boolean {
    const { isLeft, unmatched, afterMs, graceMs } = this.#join;
    return isLeft && unmatched === 'at-close' && leftMs + afterMs + graceMs < this.#time.ms;
  }

  /** Emits the left records whose window closed before the stream time of now. */
  #emitClosed(): Outcome {
    if (this.#unmatched === undefined) return undefined;
    const due = this.#unmatched.takeBefore(this.#time.ms - this.#join.afterMs - this.#join.graceMs);
    let pending: Promise<void> | undefined;
    for (const { key, value, timestampMs } of due) {
      const joined = this.#join.join(value, null, key);
      if (pending !== undefined) pending = pending.then(() => this.forward(key, joined, timestampMs));
      else pending = this.forward(key, joined, timestampMs) ?? undefined;
    }
    return pending;
  }
}
