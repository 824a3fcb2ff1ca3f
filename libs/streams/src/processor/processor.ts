import type { RecordHeader } from '@millrace/protocol';
import type { StoreDefinition } from '../dsl/store-definitions.js';
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

/** What a processor can do besides looking at its record. Valid for the task's life; forward only while handling. */
export interface ProcessorContext<KOut = unknown, VOut = unknown> {
  readonly taskId: string;
  readonly partition: number;
  /** The greatest record timestamp that the task has seen, in milliseconds; -1 before the first. */
  readonly streamTimeMs: number;
  /** Wall-clock time in milliseconds. */
  readonly nowMs: number;
  /** Passes a record on, to all operators below; `timestampMs` defaults to that of the record being handled. */
  forward(key: KOut, value: VOut, timestampMs?: number): Outcome;
  /** Opens a store that the processor has listed. @throws {FatalError} (stop-app) for another. */
  store<S>(definition: StoreDefinition<S>): S;
  /**
   * Calls `callback` every `everyMs` of stream time (as records move it on) or of wall-clock time, from the first time that
   * is seen. Missed turns are not made up for. Returns a function that ends it.
   */
  schedule(everyMs: number, by: 'stream-time' | 'wall-clock', callback: (timeMs: number) => Outcome): () => void;
}

/** User code with state, one instance a task. A handler that returns a promise makes its task wait, in order. */
export interface Processor<KIn, VIn, KOut = unknown, VOut = unknown> {
  init?(context: ProcessorContext<KOut, VOut>): void;
  process(record: StreamRecord<KIn, VIn>, context: ProcessorContext<KOut, VOut>): Outcome;
  close?(): void;
}
