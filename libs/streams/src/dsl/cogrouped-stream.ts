import { AggregateNode } from '../aggregate/aggregate-node.js';
import { PassNode } from '../processor/stateless.js';
import { json } from '../serde/serdes.js';
import type { TopologyGraph } from '../topology/topology-graph.js';
import { addition } from './folds.js';
import type { GroupedStream } from './grouped-stream.js';
import { KTable } from './k-table.js';
import type { ProcessorResolver } from './processor-supplier.js';
import { tableStoreSpec, type StoreOptions } from './store-options.js';
import { storedTable } from './table-origin.js';

interface Input<K, A> {
  readonly grouped: GroupedStream<K, unknown>;
  readonly add: (aggregate: A, value: unknown, key: K) => A;
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

  /** Folds all of them into one table. The operators that fold are named `<name>-0`, `<name>-1` and so on, in order. */
  aggregate(name: string, options: StoreOptions<A> & { readonly initialize: () => A }): KTable<K, A> {
    const [first] = this.#inputs as readonly [Input<K, A>];
    const isCached = options.cache ?? false;
    const serdes = { key: first.grouped.stream.serdes.key, value: options.value ?? json<A>() };
    const store = { ...tableStoreSpec(serdes, options), isCached };
    const folds = this.#inputs.map(({ grouped, add }, index) =>
      this.#graph.add({
        name: `${name}-${index}`,
        kind: 'processor',
        parents: [grouped.stream.node],
        stores: [store],
        globalTables: [],
        ...(isCached ? { detail: 'cached' } : {}),
        create: (environment) => {
          const fold = { add: addition(options.initialize, add) };
          return new AggregateNode(`${name}-${index}`, store.name, fold, isCached, environment);
        },
      }),
    );
    const node = this.#graph.add({
      name,
      kind: 'processor',
      parents: folds,
      stores: [],
      globalTables: [],
      create: () => new PassNode(name),
    });
    this.#graph.coPartition(folds);
    return new KTable<K, A>(this.#graph, node, storedTable(store), serdes, this.#resolve);
  }
}
