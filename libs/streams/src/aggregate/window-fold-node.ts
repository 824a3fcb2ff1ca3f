import type { NodeEnvironment } from '../processor/node-environment.js';
import { ProcessorNode, type Outcome } from '../processor/processor-node.js';
import type { StreamTime } from '../processor/stream-time.js';
import type { WindowStore } from '../store/window-store.js';
import { ClosedWindows } from './closed-windows.js';
import { LateRecords } from './late-records.js';
import { WindowUpdates } from './window-updates.js';
import type { WindowedFold } from './windowed-fold.js';

/** When a window is over. */
export interface WindowLength {
  /** From a window's start to its end, in milliseconds. */
  readonly lengthMs: number;
  /** How far past its end stream time is when it has closed. */
  readonly closedAfterMs: number;
}

/** What all folds of windows of one length have in common: the store, the stream time, and when results are seen. */
export abstract class WindowFoldNode extends ProcessorNode {
  protected readonly fold: WindowedFold;
  protected readonly environment: NodeEnvironment;
  protected readonly store: WindowStore<unknown, unknown>;
  protected readonly time: StreamTime;
  protected readonly updates: WindowUpdates;
  readonly #length: WindowLength;
  readonly #late: LateRecords;
  readonly #closed: ClosedWindows | undefined;

  constructor(name: string, length: WindowLength, fold: WindowedFold, environment: NodeEnvironment) {
    super(name);
    this.fold = fold;
    this.environment = environment;
    this.store = environment.store(fold.store) as WindowStore<unknown, unknown>;
    this.time = environment.streamTime(fold.time);
    this.updates = new WindowUpdates(this.store, fold, environment.context, (key, value, old, timestampMs) =>
      this.forwardUpdate(key, value, old, timestampMs, true),
    );
    this.#length = length;
    this.#late = new LateRecords(fold.late, environment.counters);
    this.#closed =
      fold.emit === 'close'
        ? new ClosedWindows(this.store, environment.streamTime(`${fold.time}/emitted`), (key, value, timestampMs) =>
            this.forwardUpdate(key, value, null, timestampMs, true),
          )
        : undefined;
  }

  override connect(children: readonly ProcessorNode[]): void {
    super.connect(this.#late.connect(children));
  }

  override flush(): Outcome {
    return this.updates.flush();
  }

  override advanceStreamTime(streamTimeMs: number): Outcome {
    this.time.observe(streamTimeMs);
    return this.emitClosed();
  }

  override closingTimeMs(): number | undefined {
    const latestMs = this.store.latestStartMs();
    if (latestMs === undefined) return undefined;
    const closingMs = latestMs + this.#length.lengthMs + this.#length.closedAfterMs;
    return closingMs > this.time.ms ? closingMs : undefined;
  }

  /** Drops a record whose windows have closed. */
  protected dropLate(key: unknown, value: unknown, timestampMs: number): Outcome {
    return this.#late.drop((taker) => this.forwardTo(taker, key, value, timestampMs));
  }

  /** Emits windows that have closed, where they are asked for. */
  protected emitClosed(): Outcome {
    return this.#closed?.emit(this.time.ms - this.#length.closedAfterMs, this.#length.lengthMs);
  }
}
