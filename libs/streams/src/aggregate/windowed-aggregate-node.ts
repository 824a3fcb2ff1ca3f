import type { NodeEnvironment } from '../processor/node-environment.js';
import type { Outcome } from '../processor/processor-node.js';
import type { TimeWindows } from '../window/time-windows.js';
import { WindowFoldNode } from './window-fold-node.js';
import type { WindowedFold } from './windowed-fold.js';

/**
 * Folds the records of each key and window, tumbling or hopping. A null key is skipped; a null value is a value here, as in
 * Kafka Streams. A window closes when stream time reaches its end plus the grace; a record for a closed window is late:
 * dropped and counted.
 */
export class WindowedAggregateNode extends WindowFoldNode {
  readonly #windows: TimeWindows;

  constructor(name: string, windows: TimeWindows, fold: WindowedFold, environment: NodeEnvironment) {
    super(name, { lengthMs: windows.sizeMs, closedAfterMs: windows.graceMs }, fold, environment);
    this.#windows = windows;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    if (key === null) {
      this.environment.counters.droppedNull++;
      return undefined;
    }
    this.time.observe(timestampMs);
    this.environment.context.forgetValue();
    const { sizeMs, advanceMs, graceMs } = this.#windows;
    const firstMs = Math.max(0, timestampMs - sizeMs + advanceMs);
    let pending: Promise<void> | undefined;
    let isLate = true;
    for (let startMs = firstMs - (firstMs % advanceMs); startMs <= timestampMs; startMs += advanceMs) {
      if (startMs + sizeMs + graceMs <= this.time.ms) continue;
      isLate = false;
      const before = this.store.get(key, startMs);
      const aggregate = this.fold.add(before?.value, value, key);
      const newestMs = Math.max(timestampMs, before?.timestampMs ?? timestampMs);
      const windowed = { key, startMs, endMs: startMs + sizeMs };
      const old = before?.value ?? null;
      if (pending !== undefined) pending = pending.then(() => this.updates.put(windowed, aggregate, old, newestMs));
      else pending = this.updates.put(windowed, aggregate, old, newestMs) ?? undefined;
    }
    if (isLate) pending = this.dropLate(key, value, timestampMs) ?? undefined;
    return pending === undefined ? this.emitClosed() : pending.then(() => this.emitClosed());
  }
}
