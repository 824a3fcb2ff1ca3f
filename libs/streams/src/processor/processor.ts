import type { RecordHeader } from '@millrace/protocol';
import type { StoreDefinition } from '../dsl/store-definitions.js';
import type { NamedOutputs, OutputKey, OutputValue } from '../dsl/named-outputs.js';
import type { Outcome } from './processor-node.js';

/** A record as a processor sees it. */
export interface StreamRecord<K, V> {
  readonly key: K;
  readonly value: V;
  /** Event time in milliseconds since the epoch. */
  readonly timestampMs: number;
  /** Decoded when asked for. */
  readonly headers: readonly RecordHeader[];
}

/** What a record that is passed on has of its own. */
export interface ForwardOptions {
  /** Default that of the record being handled. */
  readonly timestampMs?: number;
  /** Instead of those of the record being handled. */
  readonly headers?: readonly RecordHeader[];
}

/** One of the streams that a processor with named outputs passes records on to. */
export interface ProcessorOutput<K, V> {
  forward(key: K, value: V, options?: ForwardOptions): Outcome;
}

/** What a processor can do besides looking at its record. Valid for the task's life; forward only while handling. */
export interface ProcessorContext<KOut = unknown, VOut = unknown, O extends NamedOutputs = NamedOutputs> {
  readonly taskId: string;
  readonly partition: number;
  /** The greatest record timestamp that the task has seen, in milliseconds; -1 before the first. */
  readonly streamTimeMs: number;
  /** Wall-clock time in milliseconds. */
  readonly nowMs: number;
  /** Passes a record on, to all operators below. */
  forward(key: KOut, value: VOut, options?: ForwardOptions): Outcome;
  /** One output of a processor that has several, see `KStream.processInto`. @throws {FatalError} (stop-app) for another name. */
  to<N extends keyof O & string>(output: N): ProcessorOutput<OutputKey<O[N]>, OutputValue<O[N]>>;
  /** Opens a store that the processor has listed. @throws {FatalError} (stop-app) for another. */
  store<S>(definition: StoreDefinition<S>): S;
  /**
   * Calls `callback` every `everyMs` of stream time (as records move it on) or of wall-clock time, from the first time that
   * is seen. Missed turns are not made up for. Returns a function that ends it.
   */
  schedule(everyMs: number, by: 'stream-time' | 'wall-clock', callback: (timeMs: number) => Outcome): () => void;
}

/** User code with state, one instance a task. A handler that returns a promise makes its task wait, in order. */
export interface Processor<KIn, VIn, KOut = unknown, VOut = unknown, O extends NamedOutputs = NamedOutputs> {
  init?(context: ProcessorContext<KOut, VOut, O>): void;
  process(record: StreamRecord<KIn, VIn>, context: ProcessorContext<KOut, VOut, O>): Outcome;
  close?(): void;
}
