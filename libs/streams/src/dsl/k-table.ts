import { FilterNode, MapValuesNode, PassNode } from '../processor/stateless.js';
import type { Serde } from '../serde/serde.js';
import type { GraphNode, StoreSpec } from '../topology/specs.js';
import type { TopologyGraph } from '../topology/topology-graph.js';
import { KStream, type StreamSerdes } from './k-stream.js';
import type { ProcessorResolver } from './processor-supplier.js';

/** A table: the latest value of each key, kept in a store. */
export class KTable<K, V> {
  readonly graph: TopologyGraph;
  readonly node: GraphNode;
  readonly store: StoreSpec;
  readonly serdes: StreamSerdes<K, V>;
  /** What this table shows of a row of its store. */
  readonly view: (row: unknown, key: unknown) => unknown;
  readonly #resolve: ProcessorResolver | undefined;

  constructor(
    graph: TopologyGraph,
    node: GraphNode,
    store: StoreSpec,
    serdes: StreamSerdes<K, V>,
    resolve: ProcessorResolver | undefined,
    view: (row: unknown, key: unknown) => unknown = (row) => row,
  ) {
    this.graph = graph;
    this.node = node;
    this.store = store;
    this.serdes = serdes;
    this.#resolve = resolve;
    this.view = view;
  }

  /** Replaces the values; computed from the store's row when it is looked up. */
  mapValues<R>(name: string, map: (value: V, key: K) => R, value: Serde<R>): KTable<K, R> {
    const mapped = (row: unknown, key: unknown): unknown => {
      const shown = this.view(row, key) ?? undefined;
      return shown === undefined ? undefined : map(shown as V, key as K);
    };
    const node = this.graph.add({
      name,
      kind: 'processor',
      parents: [this.node],
      stores: [],
      globalTables: [],
      create: ({ context }) =>
        new MapValuesNode(name, (each, key) => (each === null ? null : map(each as V, key as K)), context),
    });
    return new KTable<K, R>(this.graph, node, this.store, { key: this.serdes.key, value }, this.#resolve, mapped);
  }

  /** Hides the rows for which `predicate` does not hold: as if they were deleted. */
  filter(name: string, predicate: (value: V, key: K) => boolean): KTable<K, V> {
    const holds = (each: unknown, key: unknown): boolean => each !== null && predicate(each as V, key as K);
    const filtered = (row: unknown, key: unknown): unknown => {
      const shown = this.view(row, key);
      return shown !== undefined && shown !== null && holds(shown, key) ? shown : undefined;
    };
    const node = this.graph.add({
      name,
      kind: 'processor',
      parents: [this.node],
      stores: [],
      globalTables: [],
      create: ({ context }) => new MapValuesNode(name, (each, key) => (holds(each, key) ? each : null), context),
    });
    return new KTable<K, V>(this.graph, node, this.store, this.serdes, this.#resolve, filtered);
  }

  /** The table's changes as a stream; a deletion is a record with a null value. */
  toStream(name: string): KStream<K, V> {
    const node = this.graph.add({
      name,
      kind: 'processor',
      parents: [this.node],
      stores: [],
      globalTables: [],
      create: () => new PassNode(name),
    });
    return new KStream<K, V>(this.graph, node, this.serdes, this.#resolve);
  }

  /** As {@link toStream}, without the deletions. */
  toStreamOfValues(name: string): KStream<K, V> {
    const node = this.graph.add({
      name,
      kind: 'processor',
      parents: [this.node],
      stores: [],
      globalTables: [],
      create: () => new FilterNode(name, (value) => value !== null, true),
    });
    return new KStream<K, V>(this.graph, node, this.serdes, this.#resolve);
  }
}
