import { inOrder } from '../processor/in-order.js';
import { FatalError } from '@millrace/kernel';
import type { NodeEnvironment } from '../processor/node-environment.js';
import { ProcessorNode, type Outcome } from '../processor/processor-node.js';
import type { StreamTime } from '../processor/stream-time.js';
import type { BufferedUpdate, HeapSuppressBuffer } from '../store/heap-suppress-buffer.js';
import type { Windowed } from '../window/windowed.js';

/** What a suppression waits for, and how much it holds. */
export interface Suppression {
  readonly store: string;
  /** Whether an update is due by the end of its window, or by the time of the first update that was held back. */
  readonly by: 'window-end' | 'first-update';
  /** How long after that, in stream time, it leaves. */
  readonly afterMs: number;
  /** Upper bounds of the buffer; `Infinity` for none. */
  readonly maxRecords: number;
  readonly maxBytes: number;
  readonly whenFull: 'emit-early' | 'shut-down';
}

/** Holds back the updates of a table, so that of several updates of a key only the last is seen (KIP-328). */
export class SuppressNode extends ProcessorNode {
  readonly #suppression: Suppression;
  readonly #environment: NodeEnvironment;
  readonly #buffer: HeapSuppressBuffer<unknown, unknown>;
  readonly #time: StreamTime;

  constructor(name: string, suppression: Suppression, environment: NodeEnvironment) {
    super(name);
    this.#suppression = suppression;
    this.#environment = environment;
    this.#buffer = environment.store(suppression.store) as HeapSuppressBuffer<unknown, unknown>;
    this.#time = environment.streamTime(name);
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    return this.update(key, value, null, timestampMs, true);
  }

  override update(key: unknown, value: unknown, old: unknown, timestampMs: number, _isLatest: boolean): Outcome {
    this.#time.observe(timestampMs);
    const dueMs = this.#suppression.by === 'window-end' ? (key as Windowed<unknown>).endMs : timestampMs;
    const { context } = this.#environment;
    const topic = this.#suppression.maxBytes === Infinity ? undefined : context.topic;
    this.#buffer.put(key, value, old, dueMs, timestampMs, context.copyOfHeaders(), topic);
    return this.#emitDue();
  }

  override flush(): Outcome {
    this.#buffer.flush();
    return undefined;
  }

  override advanceStreamTime(streamTimeMs: number): Outcome {
    this.#time.observe(streamTimeMs);
    return this.#emitDue();
  }

  override closingTimeMs(): number | undefined {
    const latestMs = this.#buffer.latestDueMs();
    return latestMs === undefined ? undefined : latestMs + this.#suppression.afterMs;
  }

  #emitDue(): Outcome {
    return inOrder(this.#takeDue(), (update) => this.#emit(update));
  }

  *#takeDue(): IterableIterator<BufferedUpdate<unknown, unknown>> {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#buffer.take(next);
      yield next;
    }
  }

  /** The update that must leave now: it is due, or the buffer is full. */
  #next(): BufferedUpdate<unknown, unknown> | undefined {
    const { afterMs, maxRecords, maxBytes, whenFull } = this.#suppression;
    const first = this.#buffer.first();
    if (first === undefined || first.dueMs + afterMs <= this.#time.ms) return first;
    if (this.#buffer.size() <= maxRecords && this.#buffer.bytes <= maxBytes) return undefined;
    if (whenFull === 'emit-early') return first;
    const held = `${this.#buffer.size()} records, ${this.#buffer.bytes} bytes`;
    throw new FatalError(
      'MR_BUFFER_FULL',
      `the buffer of '${this.name}' is full (${held}): allow it more, or let it emit early`,
    );
  }

  #emit({ key, value, prior, timestampMs, headers }: BufferedUpdate<unknown, unknown>): Outcome {
    // A window that was taken back before it closed, as by a merge of sessions, was never there for those below.
    if (value === null && this.#suppression.by === 'window-end') return undefined;
    return this.#environment.context.during(timestampMs, headers, () =>
      this.forwardUpdate(key, value, prior, timestampMs, true),
    );
  }
}
