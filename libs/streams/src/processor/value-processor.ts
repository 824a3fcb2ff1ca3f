import { FatalError } from '@millrace/kernel';
import type { StoreDefinition } from '../dsl/store-definitions.js';
import type { Outcome } from './processor-node.js';
import type { ForwardOptions, Processor, ProcessorContext, StreamRecord } from './processor.js';

/** As {@link ProcessorContext}, for a processor that cannot change keys. */
export interface ValueProcessorContext<VOut = unknown> extends Omit<ProcessorContext<unknown, VOut>, 'forward' | 'to'> {
  /** Passes a value on under the key of the record being handled. @throws {FatalError} (stop-app) outside of handling one. */
  forward(value: VOut, options?: ForwardOptions): Outcome;
}

/** User code with state that leaves keys as they are, so that nothing is repartitioned after it (KIP-820). */
export interface ValueProcessor<K, VIn, VOut = unknown> {
  init?(context: ValueProcessorContext<VOut>): void;
  process(record: StreamRecord<K, VIn>, context: ValueProcessorContext<VOut>): Outcome;
  close?(): void;
}

const NO_KEY = Symbol('no record is being handled');

/** Runs a {@link ValueProcessor} where a {@link Processor} is expected. */
export class KeyKeepingProcessor<K, VIn, VOut> implements Processor<K, VIn, K, VOut>, ValueProcessorContext<VOut> {
  readonly #processor: ValueProcessor<K, VIn, VOut>;
  #context: ProcessorContext<K, VOut> | undefined;
  #key: K | typeof NO_KEY = NO_KEY;

  constructor(processor: ValueProcessor<K, VIn, VOut>) {
    this.#processor = processor;
  }

  init(context: ProcessorContext<K, VOut>): void {
    this.#context = context;
    this.#processor.init?.(this);
  }

  process(record: StreamRecord<K, VIn>): Outcome {
    this.#key = record.key;
    const outcome = this.#processor.process(record, this);
    if (outcome !== undefined) return outcome.finally(() => (this.#key = NO_KEY));
    this.#key = NO_KEY;
    return undefined;
  }

  close(): void {
    this.#processor.close?.();
  }

  get taskId(): string {
    return this.#inner.taskId;
  }

  get partition(): number {
    return this.#inner.partition;
  }

  get streamTimeMs(): number {
    return this.#inner.streamTimeMs;
  }

  get nowMs(): number {
    return this.#inner.nowMs;
  }

  forward(value: VOut, options?: ForwardOptions): Outcome {
    if (this.#key !== NO_KEY) return this.#inner.forward(this.#key, value, options);
    throw new FatalError(
      'MR_LIFECYCLE_ORDER',
      'a processor of values forwards only while it handles a record: use process() for what a schedule emits',
    );
  }

  store<S>(definition: StoreDefinition<S>): S {
    return this.#inner.store(definition);
  }

  schedule(everyMs: number, by: 'stream-time' | 'wall-clock', callback: (timeMs: number) => Outcome): () => void {
    return this.#inner.schedule(everyMs, by, callback);
  }

  get #inner(): ProcessorContext<K, VOut> {
    if (this.#context !== undefined) return this.#context;
    throw new FatalError('MR_LIFECYCLE_ORDER', 'a processor uses its context only after init');
  }
}
