import type { NodeEnvironment } from '../processor/node-environment.js';
import { ProcessorNode, type Outcome } from '../processor/processor-node.js';
import type { StreamTime } from '../processor/stream-time.js';
import type { HeapWindowStore } from '../store/heap-window-store.js';
import type { TimeWindows } from '../window/time-windows.js';
import { ClosedWindows } from './closed-windows.js';
import { WindowUpdates } from './window-updates.js';
import type { WindowedFold } from './windowed-fold.js';

/**
 * Folds the records of each key and window, tumbling or hopping. A null key is skipped; a null value is a value here, as in
 * Kafka Streams. A window closes when stream time reaches its end plus the grace; a record for a closed window is late:
 * dropped and counted.
 */
export class WindowedAggregateNode extends ProcessorNode {
  readonly #windows: TimeWindows;
  readonly #fold: WindowedFold;
  readonly #environment: NodeEnvironment;
  readonly #store: HeapWindowStore<unknown, unknown>;
  readonly #time: StreamTime;
  readonly #updates: WindowUpdates;
  readonly #closed: ClosedWindows | undefined;

  constructor(name: string, windows: TimeWindows, fold: WindowedFold, environment: NodeEnvironment) {
    super(name);
    this.#windows = windows;
    this.#fold = fold;
    this.#environment = environment;
    this.#store = environment.store(fold.store) as HeapWindowStore<unknown, unknown>;
    this.#time = environment.streamTime(name);
    this.#updates = new WindowUpdates(this.#store, fold, environment.context, (key, value, old, timestampMs) =>
      this.forwardUpdate(key, value, old, timestampMs, true),
    );
    this.#closed =
      fold.emit === 'close'
        ? new ClosedWindows(this.#store, environment.streamTime(`${name}/emitted`), (key, value, timestampMs) =>
            this.forwardUpdate(key, value, null, timestampMs, true),
          )
        : undefined;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    if (key === null) {
      this.#environment.counters.droppedNull++;
      return undefined;
    }
    this.#time.observe(timestampMs);
    const { sizeMs, advanceMs, graceMs } = this.#windows;
    const firstMs = Math.max(0, timestampMs - sizeMs + advanceMs);
    let pending: Promise<void> | undefined;
    let isLate = true;
    for (let startMs = firstMs - (firstMs % advanceMs); startMs <= timestampMs; startMs += advanceMs) {
      if (startMs + sizeMs + graceMs <= this.#time.ms) continue;
      isLate = false;
      const before = this.#store.get(key, startMs);
      const aggregate = this.#fold.add(before?.value, value, key);
      const newestMs = Math.max(timestampMs, before?.timestampMs ?? timestampMs);
      const windowed = { key, startMs, endMs: startMs + sizeMs };
      const old = before?.value ?? null;
      if (pending !== undefined) pending = pending.then(() => this.#updates.put(windowed, aggregate, old, newestMs));
      else pending = this.#updates.put(windowed, aggregate, old, newestMs) ?? undefined;
    }
    if (isLate) this.#environment.counters.droppedLate++;
    return pending === undefined ? this.#emitClosed() : pending.then(() => this.#emitClosed());
  }

  override flush(): Outcome {
    return this.#updates.flush();
  }

  override advanceStreamTime(streamTimeMs: number): Outcome {
    this.#time.observe(streamTimeMs);
    return this.#emitClosed();
  }

  override closingTimeMs(): number | undefined {
    const latestMs = this.#store.latestStartMs();
    if (latestMs === undefined) return undefined;
    const closingMs = latestMs + this.#windows.sizeMs + this.#windows.graceMs;
    return closingMs > this.#time.ms ? closingMs : undefined;
  }

  /** Emits windows that have closed, where they are asked for. */
  #emitClosed(): Outcome {
    const { sizeMs, graceMs } = this.#windows;
    return this.#closed?.emit(this.#time.ms - graceMs, sizeMs);
  }
}
