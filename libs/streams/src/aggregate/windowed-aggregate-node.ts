import type { NodeEnvironment } from '../processor/node-environment.js';
import { ProcessorNode, type Outcome } from '../processor/processor-node.js';
import type { StreamTime } from '../processor/stream-time.js';
import type { HeapWindowStore } from '../store/heap-window-store.js';
import type { TumblingWindows } from '../window/tumbling.js';
import type { Windowed } from '../window/windowed.js';
import type { Fold } from './aggregate-node.js';
import { HeldUpdates } from './held-updates.js';

/**
 * Folds the records of each key and window, and emits on every update. A null key is skipped; a null value is a value here,
 * as in Kafka Streams. A window closes when stream time reaches its end plus
 * the grace; a record for a closed window is late: dropped and counted.
 */
export class WindowedAggregateNode extends ProcessorNode {
  readonly #store: HeapWindowStore<unknown, unknown>;
  readonly #windows: TumblingWindows;
  readonly #fold: Fold;
  readonly #environment: NodeEnvironment;
  readonly #time: StreamTime;
  readonly #held: HeldUpdates | undefined;
  #openUntilMs = -1;

  constructor(
    name: string,
    store: string,
    windows: TumblingWindows,
    fold: Fold,
    isCached: boolean,
    environment: NodeEnvironment,
  ) {
    super(name);
    this.#store = environment.store(store) as HeapWindowStore<unknown, unknown>;
    this.#windows = windows;
    this.#fold = fold;
    this.#environment = environment;
    this.#time = environment.streamTime(name);
    this.#held = isCached ? new HeldUpdates(environment.context) : undefined;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    if (key === null) {
      this.#environment.counters.droppedNull++;
      return undefined;
    }
    if (this.#time.observe(timestampMs)) this.#store.expire(this.#time.ms);
    const { sizeMs, graceMs } = this.#windows;
    const startMs = timestampMs - (((timestampMs % sizeMs) + sizeMs) % sizeMs);
    const endMs = startMs + sizeMs;
    if (endMs + graceMs <= this.#time.ms) {
      this.#environment.counters.droppedLate++;
      return undefined;
    }
    this.#openUntilMs = Math.max(this.#openUntilMs, endMs + graceMs);
    const before = this.#store.get(key, startMs);
    const aggregate = this.#fold.add(before?.value, value, key);
    const newestMs = Math.max(timestampMs, before?.timestampMs ?? timestampMs);
    this.#store.put(key, startMs, aggregate, newestMs, this.#held === undefined);
    const windowed: Windowed<unknown> = { key, startMs, endMs };
    if (this.#held === undefined) return this.forward(windowed, aggregate, newestMs);
    this.#held.hold(`${startMs} ${this.#store.textOf(key)}`, windowed, aggregate, newestMs);
    return undefined;
  }

  override flush(): Outcome {
    return this.#held?.release(({ key, value, timestampMs }) => {
      const windowed = key as Windowed<unknown>;
      this.#store.log(windowed.key, windowed.startMs, value, timestampMs);
      return this.forward(windowed, value, timestampMs);
    });
  }

  override advanceStreamTime(streamTimeMs: number): Outcome {
    this.#time.observe(streamTimeMs);
    this.#store.expire(this.#time.ms);
    return undefined;
  }

  override closingTimeMs(): number | undefined {
    return this.#openUntilMs > this.#time.ms ? this.#openUntilMs : undefined;
  }
}
