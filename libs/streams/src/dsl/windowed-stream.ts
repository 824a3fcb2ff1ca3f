import { int64 } from '../serde/serdes.js';
import type { SlidingWindows, TimeWindows } from '../window/time-windows.js';
import type { Windowed } from '../window/windowed.js';
import {
  addition,
  counting,
  reduction,
  type Add,
  type AggregateOptions,
  type ReduceOptions,
  type WindowedOptions,
} from './folds.js';
import type { KStream } from './k-stream.js';
import type { KTable } from './k-table.js';
import type { ProcessorResolver } from './processor-supplier.js';
import type { StoreOptions } from './store-options.js';
import { foldWindows, lateOf } from './window-folds.js';

/** A grouped stream, cut into tumbling, hopping or sliding windows. */
export class WindowedStream<K, V> {
  readonly #stream: KStream<K, V>;
  readonly #windows: TimeWindows | SlidingWindows;
  readonly #resolve: ProcessorResolver | undefined;

  constructor(stream: KStream<K, V>, windows: TimeWindows | SlidingWindows, resolve: ProcessorResolver | undefined) {
    this.#stream = stream;
    this.#windows = windows;
    this.#resolve = resolve;
  }

  count(name: string, options: StoreOptions<number> & WindowedOptions<K, V>): KTable<Windowed<K>, number> {
    return this.#fold(name, { value: int64, ...options }, counting);
  }

  reduce(name: string, options: ReduceOptions<V> & WindowedOptions<K, V>): KTable<Windowed<K>, V> {
    return this.#fold(name, { value: this.#stream.serdes.value, ...options }, reduction(options.reduce));
  }

  aggregate<A>(name: string, options: AggregateOptions<K, V, A> & WindowedOptions<K, V>): KTable<Windowed<K>, A> {
    return this.#fold(name, options, addition(options.initialize, options.add));
  }

  #fold<A>(name: string, options: StoreOptions<A> & WindowedOptions<K, V>, add: Add): KTable<Windowed<K>, A> {
    const { graph, node, serdes } = this.#stream;
    const late = lateOf(this.#stream, options.late);
    const place = { graph, inputs: [{ node, add }], key: serdes.key, resolve: this.#resolve, late };
    return foldWindows(place, name, this.#windows, options);
  }
}
