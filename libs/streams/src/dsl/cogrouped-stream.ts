import { AggregateNode } from '../aggregate/aggregate-node.js';
import { json } from '../serde/serdes.js';
import type { TopologyGraph } from '../topology/topology-graph.js';
import type { SessionWindows, SlidingWindows, TimeWindows } from '../window/time-windows.js';
import type { Windowed } from '../window/windowed.js';
import { addFolds, type FoldInput } from './fold-nodes.js';
import { addition, type WindowedOptions } from './folds.js';
import type { GroupedStream } from './grouped-stream.js';
import { KTable } from './k-table.js';
import type { ProcessorResolver } from './processor-supplier.js';
import { tableStoreSpec, type StoreOptions } from './store-options.js';
import { storedTable } from './table-origin.js';
import { foldSessions, foldWindows, type WindowFoldPlace } from './window-folds.js';

interface Input<K, A> {
  readonly grouped: GroupedStream<K, unknown>;
  readonly add: (aggregate: A, value: unknown, key: K) => A;
}

/** How an aggregate of several streams begins; how it grows is said with each of them. */
export interface CogroupOptions<A> extends StoreOptions<A> {
  readonly initialize: () => A;
}

/** Several grouped streams of one key that feed one aggregate (KIP-150). */
export class CogroupedStream<K, A> {
  readonly #graph: TopologyGraph;
  readonly #inputs: readonly Input<K, A>[];
  readonly #resolve: ProcessorResolver | undefined;

  constructor(graph: TopologyGraph, resolve: ProcessorResolver | undefined, inputs: readonly Input<K, A>[] = []) {
    this.#graph = graph;
    this.#inputs = inputs;
    this.#resolve = resolve;
  }

  /** Adds a stream, and how its values grow the aggregate. */
  cogroup<V>(grouped: GroupedStream<K, V>, add: (aggregate: A, value: V, key: K) => A): CogroupedStream<K, A> {
    const input = { grouped, add } as unknown as Input<K, A>;
    return new CogroupedStream<K, A>(this.#graph, this.#resolve, [...this.#inputs, input]);
  }

  /** Folds within windows instead of over all time. All streams share one stream time. */
  windowedBy(windows: TimeWindows | SlidingWindows): WindowedCogroup<K, A>;
  windowedBy(windows: SessionWindows): SessionedCogroup<K, A>;
  windowedBy(windows: TimeWindows | SlidingWindows | SessionWindows): WindowedCogroup<K, A> | SessionedCogroup<K, A> {
    return windows.kind === 'session' ? this.#sessioned(windows) : this.#windowed(windows);
  }

  /** Folds all of them into one table. The operators that fold are named `<name>-0`, `<name>-1` and so on, in order. */
  aggregate(name: string, options: CogroupOptions<A>): KTable<K, A> {
    const { inputs, key } = this.#place(options.initialize);
    const isCached = options.cache ?? false;
    const serdes = { key, value: options.value ?? json<A>() };
    const store = tableStoreSpec(serdes, options);
    const node = addFolds(this.#graph, inputs, {
      name,
      store,
      detail: isCached ? 'cached' : undefined,
      create: (own, add) => (environment) => new AggregateNode(own, store.name, { add }, isCached, environment),
    });
    return new KTable<K, A>(this.#graph, node, storedTable(store), serdes, this.#resolve);
  }

  #windowed(windows: TimeWindows | SlidingWindows): WindowedCogroup<K, A> {
    return { aggregate: (name, options) => foldWindows(this.#place(options.initialize), name, windows, options) };
  }

  #sessioned(windows: SessionWindows): SessionedCogroup<K, A> {
    return {
      aggregate: (name, options) => {
        const merge = (one: unknown, other: unknown, key: unknown): A => options.merge(one as A, other as A, key as K);
        return foldSessions(this.#place(options.initialize), name, windows, options, merge);
      },
    };
  }

  #place(initialize: () => A): WindowFoldPlace<K> {
    const [first] = this.#inputs as readonly [Input<K, A>];
    const inputs: FoldInput[] = this.#inputs.map(({ grouped, add }) => ({
      node: grouped.stream.node,
      add: addition(initialize, add),
    }));
    return { graph: this.#graph, inputs, key: first.grouped.stream.serdes.key, resolve: this.#resolve };
  }
}

/** Cogrouped streams, cut into tumbling, hopping or sliding windows. */
export interface WindowedCogroup<K, A> {
  aggregate(name: string, options: CogroupOptions<A> & Omit<WindowedOptions, 'late'>): KTable<Windowed<K>, A>;
}

/** Cogrouped streams, cut into sessions; `merge` makes one aggregate of those of two sessions. */
export interface SessionedCogroup<K, A> {
  aggregate(
    name: string,
    options: Omit<CogroupOptions<A>, 'cache'> & WindowedOptions & { readonly merge: (one: A, other: A, key: K) => A },
  ): KTable<Windowed<K>, A>;
}
