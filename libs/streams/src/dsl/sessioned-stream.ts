import type { SessionFold } from '../aggregate/session-aggregate-node.js';
import { int64 } from '../serde/serdes.js';
import type { SessionWindows } from '../window/time-windows.js';
import type { Windowed } from '../window/windowed.js';
import {
  addition,
  counting,
  reduction,
  type AggregateOptions,
  type ReduceOptions,
  type WindowedOptions,
} from './folds.js';
import type { KStream } from './k-stream.js';
import type { KTable } from './k-table.js';
import type { ProcessorResolver } from './processor-supplier.js';
import type { StoreOptions } from './store-options.js';
import { foldSessions, lateOf } from './window-folds.js';

/** An aggregate of sessions says how two of them become one. */
export interface SessionAggregateOptions<K, V, A> extends AggregateOptions<K, V, A> {
  readonly merge: (one: A, other: A, key: K) => A;
}

type NotCached<O> = Omit<O, 'cache'>;

/** A grouped stream, cut into sessions. */
export class SessionedStream<K, V> {
  readonly #stream: KStream<K, V>;
  readonly #windows: SessionWindows;
  readonly #resolve: ProcessorResolver | undefined;

  constructor(stream: KStream<K, V>, windows: SessionWindows, resolve: ProcessorResolver | undefined) {
    this.#stream = stream;
    this.#windows = windows;
    this.#resolve = resolve;
  }

  count(name: string, options: NotCached<StoreOptions<number>> & WindowedOptions<K, V>): KTable<Windowed<K>, number> {
    const merge = (one: unknown, other: unknown): number => (one as number) + (other as number);
    return this.#fold(name, { value: int64, ...options }, { add: counting, merge });
  }

  reduce(name: string, options: NotCached<ReduceOptions<V>> & WindowedOptions<K, V>): KTable<Windowed<K>, V> {
    const merge = (one: unknown, other: unknown): V => options.reduce(one as V, other as V);
    const given = { value: this.#stream.serdes.value, ...options };
    return this.#fold(name, given, { add: reduction(options.reduce), merge });
  }

  aggregate<A>(
    name: string,
    options: NotCached<SessionAggregateOptions<K, V, A>> & WindowedOptions<K, V>,
  ): KTable<Windowed<K>, A> {
    const merge = (one: unknown, other: unknown, key: unknown): A => options.merge(one as A, other as A, key as K);
    return this.#fold(name, options, { add: addition(options.initialize, options.add), merge });
  }

  #fold<A>(
    name: string,
    options: NotCached<StoreOptions<A>> & WindowedOptions<K, V>,
    how: Pick<SessionFold, 'add' | 'merge'>,
  ): KTable<Windowed<K>, A> {
    const { graph, node, serdes } = this.#stream;
    const late = lateOf(this.#stream, options.late);
    const place = { graph, inputs: [{ node, add: how.add }], key: serdes.key, resolve: this.#resolve, late };
    return foldSessions(place, name, this.#windows, options, how.merge);
  }
}
