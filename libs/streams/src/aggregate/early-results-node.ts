import { inOrder } from '../processor/in-order.js';
import type { NodeEnvironment } from '../processor/node-environment.js';
import { ProcessorNode, type Outcome } from '../processor/processor-node.js';
import type { StreamTime } from '../processor/stream-time.js';
import type { BufferedUpdate, HeapSuppressBuffer } from '../store/heap-suppress-buffer.js';
import type { Windowed } from '../window/windowed.js';

/** When the results of windows are seen that are still open. */
export interface EarlyResultsSpec {
  /** The aggregate's name: its stream time is what counts. */
  readonly time: string;
  /** Holds the windows that have changed since they were last emitted. */
  readonly store: string;
  /** How long after its end, in stream time, a window closes. */
  readonly closesAfterMs: number;
  /** Undefined: not by stream time. Turns are aligned to the epoch. */
  readonly everyStreamTimeMs: number | undefined;
  /** Undefined: not by the wall clock. */
  readonly everyWallClockMs: number | undefined;
}

/**
 * Emits the windows that have changed, once a period, and each that has changed since then when it closes (ADR 0026).
 *
 * What has changed is kept in a store with a changelog, and the last turn by stream time is committed with the stream times: neither
 * a restart nor a rollback loses or repeats a result. Everything is emitted after a record, never in the middle of it.
 */
export class EarlyResultsNode extends ProcessorNode {
  readonly #spec: EarlyResultsSpec;
  readonly #environment: NodeEnvironment;
  readonly #changed: HeapSuppressBuffer<unknown, unknown>;
  readonly #time: StreamTime;
  /** The last turn by stream time: a multiple of the period. */
  readonly #turn: StreamTime;
  /** When the next turn by the wall clock is due; undefined before the first look at the clock. */
  #dueMs: number | undefined;
  /** As of the last commit: a turn that was taken and not committed comes again. */
  #committedDueMs: number | undefined;

  constructor(name: string, spec: EarlyResultsSpec, environment: NodeEnvironment) {
    super(name);
    this.#spec = spec;
    this.#environment = environment;
    this.#changed = environment.store(spec.store) as HeapSuppressBuffer<unknown, unknown>;
    this.#time = environment.streamTime(spec.time);
    this.#turn = environment.streamTime(name);
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    return this.update(key, value, null, timestampMs, true);
  }

  override update(key: unknown, value: unknown, old: unknown, timestampMs: number, _isLatest: boolean): Outcome {
    const { endMs } = key as Windowed<unknown>;
    this.#changed.put(key, value, old, endMs, timestampMs, this.#environment.context.copyOfHeaders());
    return undefined;
  }

  override flush(): Outcome {
    this.#changed.flush();
    return undefined;
  }

  override hasStreamTimeSchedules(): boolean {
    return true;
  }

  override punctuateStreamTime(_streamTimeMs: number): Outcome {
    return this.#takesTurn() ? this.#emitUpTo(Infinity) : this.#emitClosed();
  }

  override punctuate(nowMs: number, _streamTimeMs: number): Outcome {
    const { everyWallClockMs } = this.#spec;
    if (everyWallClockMs === undefined) return undefined;
    this.#dueMs ??= nowMs + everyWallClockMs;
    this.#committedDueMs ??= this.#dueMs;
    if (nowMs < this.#dueMs) return undefined;
    const missed = Math.floor((nowMs - this.#dueMs) / everyWallClockMs) + 1;
    this.#dueMs += missed * everyWallClockMs;
    return this.#emitUpTo(Infinity);
  }

  override advanceStreamTime(streamTimeMs: number): Outcome {
    this.#time.observe(streamTimeMs);
    return this.punctuateStreamTime(streamTimeMs);
  }

  override closingTimeMs(): number | undefined {
    const latestMs = this.#changed.latestDueMs();
    return latestMs === undefined ? undefined : latestMs + this.#spec.closesAfterMs;
  }

  override committed(): void {
    this.#committedDueMs = this.#dueMs;
  }

  /** Keeps its turn by the wall clock: rollbacks that follow each other must not put it off for ever, nor one that was undone. */
  override succeed(former: ProcessorNode): void {
    if (former instanceof EarlyResultsNode) this.#dueMs = this.#committedDueMs = former.#committedDueMs;
  }

  /** Whether stream time has reached another turn. The first time that is seen is none. */
  #takesTurn(): boolean {
    const { everyStreamTimeMs } = this.#spec;
    if (everyStreamTimeMs === undefined || this.#time.ms < 0) return false;
    const beforeMs = this.#turn.ms;
    this.#turn.observe(this.#time.ms - (this.#time.ms % everyStreamTimeMs));
    return beforeMs >= 0 && this.#turn.ms > beforeMs;
  }

  #emitClosed(): Outcome {
    return this.#emitUpTo(this.#time.ms - this.#spec.closesAfterMs);
  }

  /** Emits the windows that have changed and end at `endMs` or before. */
  #emitUpTo(endMs: number): Outcome {
    return inOrder(this.#takeUpTo(endMs), (update) => this.#emit(update));
  }

  *#takeUpTo(endMs: number): IterableIterator<BufferedUpdate<unknown, unknown>> {
    for (let next = this.#changed.first(); next !== undefined && next.dueMs <= endMs; next = this.#changed.first()) {
      this.#changed.take(next);
      yield next;
    }
  }

  #emit({ key, value, prior, timestampMs, headers }: BufferedUpdate<unknown, unknown>): Outcome {
    // A session that was merged into another before anybody saw it was never there for those below.
    if (value === null && prior === null) return undefined;
    return this.#environment.context.during(timestampMs, headers, () =>
      this.forwardUpdate(key, value, prior, timestampMs, true),
    );
  }
}
