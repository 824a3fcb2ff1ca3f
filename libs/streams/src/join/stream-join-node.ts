import { inOrder } from '../processor/in-order.js';
import type { NodeEnvironment } from '../processor/node-environment.js';
import { ProcessorNode, type Outcome } from '../processor/processor-node.js';
import type { StreamTime } from '../processor/stream-time.js';
import type { JoinStore } from '../store/join-store.js';
import type { HeapUnmatchedStore } from '../store/heap-unmatched-store.js';

/**
 * When a record that has no match is emitted, of a side that keeps such records.
 *
 * - `early`: as in Kafka Streams. One that arrives after the end of its window is emitted at once, although the grace still
 *   runs, and is emitted again with any match that comes later.
 * - `at-close`: once, when window and grace have passed; a match that comes after that is late, dropped and counted. So each
 *   left record gives the same results in whatever order both sides arrive.
 */
export type UnmatchedRecords = 'early' | 'at-close';

/** What both sides of a windowed stream-stream join agree on. */
export interface StreamJoin {
  readonly name: string;
  /** How far before and after a left record the right one may lie, in milliseconds, both ends included. */
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly graceMs: number;
  readonly unmatched: UnmatchedRecords;
  readonly left: JoinSide;
  readonly right: JoinSide;
  readonly join: (left: unknown, right: unknown, key: unknown) => unknown;
}

/** One side of a stream-stream join. */
export interface JoinSide {
  readonly store: string;
  /** Where its records wait that have met none of the other side; undefined where such records are dropped. */
  readonly unmatchedStore: string | undefined;
}

/** The records of one side that wait for their window to close, and how long after its own time a record's window ends. */
interface Waiting {
  readonly store: HeapUnmatchedStore<unknown, unknown> | undefined;
  readonly reachMs: number;
  readonly isLeft: boolean;
}

/**
 * One side of a windowed stream-stream join, with the semantics of Kafka Streams: both sides share one stream time; each
 * record is kept, then joined with all records of the other side within the window; the result's timestamp is the greater of
 * the two. A record of a side that keeps its unmatched ones waits until its window has closed, and is then emitted once,
 * joined with null.
 */
export class StreamJoinNode extends ProcessorNode {
  readonly #join: StreamJoin;
  readonly #isLeftSide: boolean;
  readonly #environment: NodeEnvironment;
  readonly #time: StreamTime;
  /** The earliest unmatched record that Kafka Streams believes to wait, as a time; -1 when it believes none does. */
  readonly #earliest: StreamTime;
  readonly #ownRows: JoinStore<unknown, unknown>;
  readonly #otherRows: JoinStore<unknown, unknown>;
  readonly #own: Waiting;
  readonly #other: Waiting;

  constructor(name: string, join: StreamJoin, isLeftSide: boolean, environment: NodeEnvironment) {
    super(name);
    this.#join = join;
    this.#isLeftSide = isLeftSide;
    this.#environment = environment;
    this.#time = environment.streamTime(join.name);
    this.#earliest = environment.streamTime(`${join.name}/unmatched`);
    this.#earliest.mayGoBack = true;
    const rows = ({ store }: JoinSide): JoinStore<unknown, unknown> =>
      environment.store(store) as JoinStore<unknown, unknown>;
    const waiting = ({ unmatchedStore }: JoinSide): Waiting['store'] =>
      unmatchedStore === undefined
        ? undefined
        : (environment.store(unmatchedStore) as HeapUnmatchedStore<unknown, unknown>);
    const left: Waiting = { store: waiting(join.left), reachMs: join.afterMs, isLeft: true };
    const right: Waiting = { store: waiting(join.right), reachMs: join.beforeMs, isLeft: false };
    [this.#own, this.#other] = isLeftSide ? [left, right] : [right, left];
    this.#ownRows = rows(isLeftSide ? join.left : join.right);
    this.#otherRows = rows(isLeftSide ? join.right : join.left);
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    const isNewest = this.#time.observe(timestampMs);
    if (value === null || key === null) return this.#withoutKeyOrValue(key, value, timestampMs);
    const valueBytes = this.#environment.context.valueBytes(value, this.#ownRows.value);
    this.#ownRows.add(key, value, timestampMs, valueBytes);
    const due = isNewest && this.#mayHaveClosed() ? this.#emitClosed() : undefined;
    if (due !== undefined) return due.then(() => this.#match(key, value, timestampMs));
    return this.#match(key, value, timestampMs);
  }

  override advanceStreamTime(streamTimeMs: number): Outcome {
    this.#time.observe(streamTimeMs);
    return this.#isLeftSide ? this.#emitClosed() : undefined;
  }

  override closingTimeMs(): number | undefined {
    if (!this.#isLeftSide) return undefined;
    let closingMs: number | undefined;
    for (const { store, reachMs } of [this.#own, this.#other]) {
      const latestMs = store?.latestMs();
      if (latestMs === undefined) continue;
      closingMs = Math.max(closingMs ?? -1, latestMs + reachMs + this.#join.graceMs + 1);
    }
    return closingMs;
  }

  #withoutKeyOrValue(key: unknown, value: unknown, timestampMs: number): Outcome {
    if (this.#own.store !== undefined && value !== null) {
      return this.forward(key, this.#joined(key, value, null, this.#isLeftSide), timestampMs);
    }
    this.#environment.counters.droppedNull++;
    return undefined;
  }

  /** The result for a value of the given side and one of the other side, which may be null. */
  #joined(key: unknown, value: unknown, other: unknown, isLeft: boolean): unknown {
    this.#environment.context.forgetValue();
    return isLeft ? this.#join.join(value, other, key) : this.#join.join(other, value, key);
  }

  #match(key: unknown, value: unknown, timestampMs: number): Outcome {
    const fromMs = timestampMs - this.#other.reachMs;
    const toMs = timestampMs + this.#own.reachMs;
    const rows = this.#otherRows.fetch(key, Math.max(0, fromMs), Math.max(0, toMs));
    let pending: Promise<void> | undefined;
    for (const row of rows) {
      if (this.#isGivenUp(row.timestampMs)) {
        this.#environment.counters.droppedLate++;
        continue;
      }
      this.#other.store?.matched(key, row.timestampMs);
      const joined = this.#joined(key, value, row.value, this.#isLeftSide);
      const joinedMs = Math.max(timestampMs, row.timestampMs);
      if (pending !== undefined) pending = pending.then(() => this.forward(key, joined, joinedMs));
      else pending = this.forward(key, joined, joinedMs) ?? undefined;
    }
    const { store } = this.#own;
    if (rows.length > 0 || store === undefined) return pending;
    const patienceMs = this.#join.unmatched === 'at-close' ? this.#join.graceMs : 0;
    if (toMs + patienceMs < this.#time.ms) {
      return this.forward(key, this.#joined(key, value, null, this.#isLeftSide), timestampMs);
    }
    store.add(key, value, timestampMs);
    if (this.#earliest.ms < 0 || timestampMs < this.#earliest.ms) this.#earliest.ms = timestampMs;
    return undefined;
  }

  /**
   * Whether Kafka Streams would look for closed windows now. It takes the reach of the side that has a record, and after a
   * look it remembers a waiting record that may not be the earliest: both delay a result, and neither loses one. With
   * `at-close` results are due when they are due.
   */
  #mayHaveClosed(): boolean {
    if (this.#own.store === undefined && this.#other.store === undefined) return false;
    if (this.#join.unmatched === 'at-close') return true;
    const openFromMs = this.#time.ms - this.#own.reachMs - this.#join.graceMs;
    if (this.#earliest.ms < 0 || this.#earliest.ms >= openFromMs) return false;
    this.#earliest.ms = this.#lastLookedAtMs();
    return true;
  }

  /**
   * The time of the waiting record at which Kafka Streams ends its look, -1 when none waits. In order of time, and at one time
   * right before left, it ends after one record of each side whose window is open; else at the last.
   */
  #lastLookedAtMs(): number {
    const [left, right] = this.#isLeftSide ? [this.#own, this.#other] : [this.#other, this.#own];
    const latestMs = Math.max(left.store?.latestMs() ?? -1, right.store?.latestMs() ?? -1);
    const leftMs = left.store?.firstFrom(this.#openFromMs(left));
    const rightMs = right.store?.firstFrom(this.#openFromMs(right));
    if (leftMs === undefined || rightMs === undefined) return latestMs;
    const atMs = Math.max(leftMs, rightMs);
    const leftRows = left.store?.countAt(atMs) ?? 0;
    const rightRows = right.store?.countAt(atMs) ?? 0;
    const rest = leftMs >= rightMs ? leftRows - 1 : leftRows + rightRows - 1;
    if (rest > 0) return atMs;
    const next = [left, right].flatMap(({ store }) => store?.firstFrom(atMs + 1) ?? []);
    return next.length === 0 ? latestMs : Math.min(...next);
  }

  /** Records of a side with an earlier time than this have a window that has closed. */
  #openFromMs({ reachMs }: Waiting): number {
    return this.#time.ms - reachMs - this.#join.graceMs;
  }

  /** Whether the record of the other side at that time has been given up as unmatched, or would have been. */
  #isGivenUp(otherMs: number): boolean {
    const { store } = this.#other;
    return store !== undefined && this.#join.unmatched === 'at-close' && otherMs < this.#openFromMs(this.#other);
  }

  /** Emits the waiting records whose window closed before the stream time of now, in order of time. */
  #emitClosed(): Outcome {
    const due = [this.#own, this.#other].flatMap((side) =>
      (side.store?.takeBefore(this.#openFromMs(side)) ?? []).map((row) => ({ row, isLeft: side.isLeft })),
    );
    if (this.#own.store !== undefined && this.#other.store !== undefined) {
      due.sort(
        (one, other) => one.row.timestampMs - other.row.timestampMs || Number(one.isLeft) - Number(other.isLeft),
      );
    }
    return inOrder(due, ({ row: { key, value, timestampMs }, isLeft }) =>
      this.forward(key, this.#joined(key, value, null, isLeft), timestampMs),
    );
  }
}
