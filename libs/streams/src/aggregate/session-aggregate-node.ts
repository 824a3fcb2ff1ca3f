import { inOrder } from '../processor/in-order.js';
import type { NodeEnvironment } from '../processor/node-environment.js';
import { ProcessorNode, type Outcome } from '../processor/processor-node.js';
import type { StreamTime } from '../processor/stream-time.js';
import type { SessionStore, Session } from '../store/session-store.js';
import type { SessionWindows } from '../window/time-windows.js';
import type { Windowed } from '../window/windowed.js';
import { LateRecords } from './late-records.js';
import type { EmitStrategy } from './windowed-fold.js';

/** How sessions are folded: as a fold of records, and how two sessions that a record joins become one. */
export interface SessionFold {
  /** Names the stream time: the aggregate's name, also where several nodes fold into it. */
  readonly time: string;
  readonly store: string;
  /** `undefined` stands for no aggregate yet. */
  readonly add: (aggregate: unknown, value: unknown, key: unknown) => unknown;
  readonly merge: (one: unknown, other: unknown, key: unknown) => unknown;
  /** As in `WindowedFold`. */
  readonly late: string | undefined;
  readonly emit: EmitStrategy;
}

/**
 * Folds the records of each key in sessions. A record that touches several sessions merges them: each of them is taken back
 * with a null value, then the merged one is emitted. A session's timestamp is its end, the time of its last record.
 */
export class SessionAggregateNode extends ProcessorNode {
  readonly #windows: SessionWindows;
  readonly #fold: SessionFold;
  readonly #environment: NodeEnvironment;
  readonly #late: LateRecords;
  readonly #store: SessionStore<unknown, unknown>;
  readonly #time: StreamTime;
  /** Sessions that end before this time have been emitted. */
  readonly #emitted: StreamTime;

  constructor(name: string, windows: SessionWindows, fold: SessionFold, environment: NodeEnvironment) {
    super(name);
    this.#windows = windows;
    this.#fold = fold;
    this.#environment = environment;
    this.#late = new LateRecords(fold.late, environment.counters);
    this.#store = environment.store(fold.store) as SessionStore<unknown, unknown>;
    this.#time = environment.streamTime(fold.time);
    this.#emitted = environment.streamTime(`${fold.time}/emitted`);
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    if (key === null) {
      this.#environment.counters.droppedNull++;
      return undefined;
    }
    this.#time.observe(timestampMs);
    const { gapMs } = this.#windows;
    // A session that has closed stays as it is: it may have been emitted, and a longer retention or an idle advance keeps it findable.
    const fromMs = Math.max(timestampMs - gapMs, this.#openFromMs());
    const merged = this.#store.find(key, fromMs, timestampMs + gapMs);
    let [startMs, endMs] = [timestampMs, timestampMs];
    let aggregate: unknown;
    for (const session of merged) {
      aggregate = aggregate === undefined ? session.value : this.#fold.merge(aggregate, session.value, key);
      startMs = Math.min(startMs, session.startMs);
      endMs = Math.max(endMs, session.endMs);
    }
    if (endMs < this.#openFromMs()) {
      const dropped = this.#late.drop((taker) => this.forwardTo(taker, key, value, timestampMs));
      return dropped === undefined ? this.#emitClosed() : dropped.then(() => this.#emitClosed());
    }
    const isGrown = startMs !== timestampMs || endMs !== timestampMs;
    const replaced = isGrown ? merged : [];
    for (const session of replaced) this.#store.remove(session);
    this.#environment.context.forgetValue();
    const session = { key, startMs, endMs, value: this.#fold.add(aggregate, value, key) ?? null };
    if (session.value === null) this.#store.remove(session);
    else this.#store.put(session);
    const old = isGrown ? null : (merged[0]?.value ?? null);
    const emitted = this.#fold.emit === 'update' ? this.#emitUpdate(replaced, session, old) : undefined;
    return emitted === undefined ? this.#emitClosed() : emitted.then(() => this.#emitClosed());
  }

  override connect(children: readonly ProcessorNode[]): void {
    super.connect(this.#late.connect(children));
  }

  override advanceStreamTime(streamTimeMs: number): Outcome {
    this.#time.observe(streamTimeMs);
    return this.#emitClosed();
  }

  override closingTimeMs(): number | undefined {
    const latestMs = this.#store.latestEndMs();
    if (latestMs === undefined) return undefined;
    const closingMs = latestMs + this.#windows.gapMs + this.#windows.graceMs + 1;
    return closingMs > this.#time.ms ? closingMs : undefined;
  }

  /** Sessions that end before this are closed. */
  #openFromMs(): number {
    return this.#time.ms - this.#windows.graceMs - this.#windows.gapMs;
  }

  #emitUpdate(
    replaced: readonly Session<unknown, unknown>[],
    session: Session<unknown, unknown>,
    old: unknown,
  ): Outcome {
    const takenBack = inOrder(replaced, (each) =>
      this.forwardUpdate(windowOf(each), null, each.value, each.endMs, true),
    );
    const emit = (): Outcome => this.forwardUpdate(windowOf(session), session.value, old, session.endMs, true);
    return takenBack === undefined ? emit() : takenBack.then(emit);
  }

  /** Emits the sessions that have closed, where they are asked for. */
  #emitClosed(): Outcome {
    if (this.#fold.emit === 'update') return undefined;
    const openFromMs = this.#openFromMs();
    if (openFromMs <= this.#emitted.ms) return undefined;
    const fromMs = this.#emitted.ms;
    this.#emitted.ms = openFromMs;
    return inOrder(this.#store.endingIn(fromMs, openFromMs - 1), (session) =>
      this.forwardUpdate(windowOf(session), session.value, null, session.endMs, true),
    );
  }
}

function windowOf({ key, startMs, endMs }: Session<unknown, unknown>): Windowed<unknown> {
  return { key, startMs, endMs };
}
