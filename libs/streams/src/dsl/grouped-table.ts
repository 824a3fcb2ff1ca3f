import { TableAggregateNode, type TableFold } from '../aggregate/table-aggregate-node.js';
import type { Serde } from '../serde/serde.js';
import { int64, json } from '../serde/serdes.js';
import type { Change } from '../table/change.js';
import type { KStream } from './k-stream.js';
import { KTable } from './k-table.js';
import type { ProcessorResolver } from './processor-supplier.js';
import { tableStoreSpec, type TableStoreOptions } from './store-options.js';
import { storedTable } from './table-origin.js';

/** How an aggregate of a table follows its rows: each change takes out what a row was and adds what it is. */
export interface TableAggregateOptions<K, V, A> extends TableStoreOptions<A> {
  readonly initialize: () => A;
  /** Returns the new aggregate; the old one must not be changed. */
  readonly add: (aggregate: A, value: V, key: K) => A;
  /** The inverse of `add`. */
  readonly subtract: (aggregate: A, value: V, key: K) => A;
}

/** A reduction of a table: begins with the first value. */
export interface TableReduceOptions<V> extends TableStoreOptions<V> {
  readonly add: (aggregate: V, value: V) => V;
  readonly subtract: (aggregate: V, value: V) => V;
}

/** The rows of a table under other keys, ready to be folded. */
export class GroupedTable<K, V> {
  readonly #changes: KStream<K, Change<V>>;
  readonly #value: Serde<V>;
  readonly #resolve: ProcessorResolver | undefined;

  constructor(changes: KStream<K, Change<V>>, value: Serde<V>, resolve: ProcessorResolver | undefined) {
    this.#changes = changes;
    this.#value = value;
    this.#resolve = resolve;
  }

  /** How many rows each group has. */
  count(name: string, options: TableStoreOptions<number>): KTable<K, number> {
    return this.#fold(name, options, options.value ?? int64, {
      add: (count) => ((count as number | undefined) ?? 0) + 1,
      subtract: (count) => (count as number) - 1,
      keepsTime: true,
    });
  }

  reduce(name: string, options: TableReduceOptions<V>): KTable<K, V> {
    const { add, subtract } = options;
    return this.#fold(name, options, options.value ?? this.#value, {
      add: (aggregate, value) => (aggregate === undefined ? value : add(aggregate as V, value as V)),
      subtract: (aggregate, value) => subtract(aggregate as V, value as V),
      keepsTime: false,
    });
  }

  aggregate<A>(name: string, options: TableAggregateOptions<K, V, A>): KTable<K, A> {
    const { initialize, add, subtract } = options;
    return this.#fold(name, options, options.value ?? json<A>(), {
      add: (aggregate, value, key) =>
        add(aggregate === undefined ? initialize() : (aggregate as A), value as V, key as K),
      subtract: (aggregate, value, key) => subtract(aggregate as A, value as V, key as K),
      keepsTime: true,
    });
  }

  #fold<A>(name: string, options: TableStoreOptions<A>, value: Serde<A>, fold: TableFold): KTable<K, A> {
    const { graph, node: above } = this.#changes;
    const serdes = { key: this.#changes.serdes.key, value };
    const store = tableStoreSpec(serdes, options);
    const node = graph.add({
      name,
      kind: 'processor',
      parents: [above],
      stores: [store],
      globalTables: [],
      create: (environment) => new TableAggregateNode(name, store.name, fold, store.isCached, environment),
    });
    return new KTable<K, A>(graph, node, storedTable(store), serdes, this.#resolve);
  }
}
