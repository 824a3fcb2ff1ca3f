import { AggregateNode } from '../aggregate/aggregate-node.js';
import { int64, json } from '../serde/serdes.js';
import type { SessionWindows, SlidingWindows, TimeWindows } from '../window/time-windows.js';
import { CogroupedStream } from './cogrouped-stream.js';
import { addFolds } from './fold-nodes.js';
import { addition, counting, reduction, type Add, type AggregateOptions, type ReduceOptions } from './folds.js';
import type { KStream } from './k-stream.js';
import { KTable } from './k-table.js';
import type { ProcessorResolver } from './processor-supplier.js';
import { SessionedStream } from './sessioned-stream.js';
import { tableStoreSpec, type StoreOptions } from './store-options.js';
import { storedTable } from './table-origin.js';
import { WindowedStream } from './windowed-stream.js';

/** A stream whose equal keys meet in one task, ready to be folded. */
export class GroupedStream<K, V> {
  readonly stream: KStream<K, V>;
  readonly #resolve: ProcessorResolver | undefined;

  constructor(stream: KStream<K, V>, resolve: ProcessorResolver | undefined) {
    this.stream = stream;
    this.#resolve = resolve;
  }

  /** Folds within windows instead of over all time. */
  windowedBy(windows: TimeWindows | SlidingWindows): WindowedStream<K, V>;
  windowedBy(windows: SessionWindows): SessionedStream<K, V>;
  windowedBy(windows: TimeWindows | SlidingWindows | SessionWindows): WindowedStream<K, V> | SessionedStream<K, V> {
    if (windows.kind === 'session') return new SessionedStream<K, V>(this.stream, windows, this.#resolve);
    return new WindowedStream<K, V>(this.stream, windows, this.#resolve);
  }

  /** Begins an aggregate that several grouped streams of the same key feed, each in its own way. */
  cogroup<A>(add: (aggregate: A, value: V, key: K) => A): CogroupedStream<K, A> {
    return new CogroupedStream<K, A>(this.stream.graph, this.#resolve).cogroup(this, add);
  }

  count(name: string, options: StoreOptions<number>): KTable<K, number> {
    return this.#fold(name, { value: int64, ...options }, counting);
  }

  reduce(name: string, options: ReduceOptions<V>): KTable<K, V> {
    return this.#fold(name, { value: this.stream.serdes.value, ...options }, reduction(options.reduce));
  }

  aggregate<A>(name: string, options: AggregateOptions<K, V, A>): KTable<K, A> {
    return this.#fold(name, options, addition(options.initialize, options.add));
  }

  #fold<A>(name: string, options: StoreOptions<A>, add: Add): KTable<K, A> {
    const { graph, node: above, serdes: given } = this.stream;
    const isCached = options.cache ?? false;
    const serdes = { key: given.key, value: options.value ?? json<A>() };
    const store = tableStoreSpec(serdes, options);
    const node = addFolds(graph, [{ node: above, add }], {
      name,
      store,
      detail: isCached ? 'cached' : undefined,
      create: (own, each) => (environment) => new AggregateNode(own, store.name, { add: each }, isCached, environment),
    });
    return new KTable<K, A>(graph, node, storedTable(store), serdes, this.#resolve);
  }
}
