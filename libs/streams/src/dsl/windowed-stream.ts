import { toMs } from '@millrace/kernel';
import { SlidingAggregateNode } from '../aggregate/sliding-aggregate-node.js';
import { WindowedAggregateNode } from '../aggregate/windowed-aggregate-node.js';
import type { WindowedFold } from '../aggregate/windowed-fold.js';
import { int64, json } from '../serde/serdes.js';
import { windowView } from '../table/windowed-views.js';
import { describeWindows, problemsOf, type SlidingWindows, type TimeWindows } from '../window/time-windows.js';
import type { Windowed } from '../window/windowed.js';
import { windowedKey } from '../window/windowed-key.js';
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
import { KTable } from './k-table.js';
import type { ProcessorResolver } from './processor-supplier.js';
import { storeSpec, type StoreOptions } from './store-options.js';
import { storedTable } from './table-origin.js';

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

  count(name: string, options: StoreOptions<number> & WindowedOptions): KTable<Windowed<K>, number> {
    return this.#fold(name, { value: int64, ...options }, counting);
  }

  reduce(name: string, options: ReduceOptions<V> & WindowedOptions): KTable<Windowed<K>, V> {
    return this.#fold(name, { value: this.#stream.serdes.value, ...options }, reduction(options.reduce));
  }

  aggregate<A>(name: string, options: AggregateOptions<K, V, A> & WindowedOptions): KTable<Windowed<K>, A> {
    return this.#fold(name, options, addition(options.initialize, options.add));
  }

  #fold<A>(name: string, options: StoreOptions<A> & WindowedOptions, add: Add): KTable<Windowed<K>, A> {
    const windows = this.#windows;
    const { graph, node: above } = this.#stream;
    for (const problem of problemsOf(windows)) graph.problems.push(`the windows of '${name}' have ${problem}`);
    const isCached = options.cache ?? false;
    const emit = options.emit ?? 'update';
    const value = options.value ?? json<A>();
    const { key } = this.#stream.serdes;
    const windowSizeMs = windows.kind === 'time' ? windows.sizeMs : windows.differenceMs;
    // A sliding window looks back by twice the difference.
    const neededMs = windows.graceMs + (windows.kind === 'time' ? windowSizeMs : 2 * windowSizeMs);
    const askedMs = options.retention === undefined ? 0 : toMs(options.retention);
    const retentionMs = Math.max(neededMs, askedMs);
    const store = storeSpec({
      name: options.store,
      kind: 'window',
      key,
      value,
      windowSizeMs,
      // A window of exactly that age is still emitted where it waited for its close, and is gone otherwise: as in Kafka Streams.
      retentionMs: emit === 'close' ? retentionMs : retentionMs - 1,
      isFetchedByKey: windows.kind === 'sliding',
      isCached,
      engine: options.engine,
      isLogged: options.logging ?? true,
    });
    const fold: WindowedFold = { store: store.name, add, emit, isCached };
    const details = [
      describeWindows(windows),
      ...(emit === 'close' ? ['on close'] : []),
      ...(isCached ? ['cached'] : []),
    ];
    const node = graph.add({
      name,
      kind: 'processor',
      parents: [above],
      stores: [store],
      globalTables: [],
      detail: details.join(', '),
      create: (environment) =>
        windows.kind === 'time'
          ? new WindowedAggregateNode(name, windows, fold, environment)
          : new SlidingAggregateNode(name, windows, fold, environment),
    });
    const origin = { ...storedTable(store), view: windowView(store.name), closesAfterMs: windows.graceMs };
    return new KTable<Windowed<K>, A>(
      graph,
      node,
      origin,
      { key: windowedKey(key, windowSizeMs), value },
      this.#resolve,
    );
  }
}
