import type { EmitOption } from './early-results.js';
import type { StoreOptions } from './store-options.js';
import type { Duration } from '@millrace/kernel';
import type { KStream } from './k-stream.js';

/** How an aggregate begins and grows. `initialize` is called for each new key (and window). */
export interface AggregateOptions<K, V, A> extends StoreOptions<A> {
  readonly initialize: () => A;
  /** Returns the new aggregate; the old one must not be changed. */
  readonly add: (aggregate: A, value: V, key: K) => A;
}

/** A reduction: begins with the first value. */
export interface ReduceOptions<V> extends StoreOptions<V> {
  readonly reduce: (aggregate: V, value: V) => V;
}

/** What a windowed aggregate adds to the options of any. */
export interface WindowedOptions<K = unknown, V = unknown> {
  /**
   * `update` (default) emits on every update; `close` once, when stream time has passed the window's end plus the grace;
   * {@link EarlyResults} once a period while the window is open, and when it closes.
   */
  readonly emit?: EmitOption;
  /**
   * How long windows are kept, counted from the start of the latest window (sessions: from the end of the latest session).
   * Default and at least their length plus the grace. With `emit: 'close'`, a window that is older than this when a later
   * record closes it is lost, as in Kafka Streams: give more where time may jump.
   */
  readonly retention?: Duration;
  /**
   * Gets the records that come too late for their windows, as a stream: to write them to a topic, or to do something about them. The
   * operator is named `<name>-late`. They are counted in any case. Default: they are only counted.
   */
  readonly late?: (late: KStream<K, V>) => void;
}

/** How an aggregate takes a value; `undefined` stands for no aggregate yet. */
export type Add = (aggregate: unknown, value: unknown, key: unknown) => unknown;

export const counting: Add = (aggregate) => ((aggregate as number | undefined) ?? 0) + 1;

export function reduction<V>(reduce: (aggregate: V, value: V) => V): Add {
  return (aggregate, value) => (aggregate === undefined ? value : reduce(aggregate as V, value as V));
}

export function addition<K, V, A>(initialize: () => A, add: (aggregate: A, value: V, key: K) => A): Add {
  return (aggregate, value, key) =>
    add(aggregate === undefined ? initialize() : (aggregate as A), value as V, key as K);
}
