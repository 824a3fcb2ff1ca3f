import type { NodeEnvironment } from '../processor/node-environment.js';
import { PassNode, FilterNode } from '../processor/stateless.js';
import { RegroupNode } from '../table/regroup-node.js';
import { changeSerde } from '../table/change.js';
import { OldValues } from '../table/old-values.js';
import { TableFilterNode, TableMapValuesNode } from '../table/table-value-nodes.js';
import { mappedView } from '../table/table-view.js';
import type { Serde } from '../serde/serde.js';
import { json } from '../serde/serdes.js';
import { keyText } from '../store/key-text.js';
import type { GraphNode } from '../topology/specs.js';
import type { TopologyGraph } from '../topology/topology-graph.js';
import { joinByForeignKey, type ForeignKeyJoinOptions } from './foreign-key-table-join.js';
import { GroupedTable } from './grouped-table.js';
import { KStream, type StreamSerdes } from './k-stream.js';
import type { ProcessorResolver } from './processor-supplier.js';
import { addSuppression, type SuppressOptions } from './suppress.js';
import type { TableOrigin } from './table-origin.js';
import { joinTables, type TableTableJoinOptions } from './table-table-join.js';

/** A table: the latest value of each key. */
export class KTable<K, V> {
  readonly graph: TopologyGraph;
  readonly node: GraphNode;
  readonly origin: TableOrigin;
  readonly serdes: StreamSerdes<K, V>;
  readonly #resolve: ProcessorResolver | undefined;

  constructor(
    graph: TopologyGraph,
    node: GraphNode,
    origin: TableOrigin,
    serdes: StreamSerdes<K, V>,
    resolve: ProcessorResolver | undefined,
  ) {
    this.graph = graph;
    this.node = node;
    this.origin = origin;
    this.serdes = serdes;
    this.#resolve = resolve;
  }

  /** Replaces the values; computed from the row when it is looked up. */
  mapValues<R>(name: string, map: (value: V, key: K) => R, value: Serde<R> = json<R>()): KTable<K, R> {
    const oldValues = new OldValues([this.origin.oldValues]);
    const mapOne = map as (value: unknown, key: unknown) => unknown;
    const node = this.#add(name, {
      create: ({ context }) => new TableMapValuesNode(name, mapOne, oldValues, context),
    });
    const origin = {
      ...this.origin,
      oldValues,
      view: (environment: NodeEnvironment) => mappedView(this.origin.view(environment), mapOne),
    };
    return new KTable<K, R>(this.graph, node, origin, { key: this.serdes.key, value }, this.#resolve);
  }

  /** Hides the rows for which `predicate` does not hold: as if they were deleted. */
  filter(name: string, predicate: (value: V, key: K) => boolean): KTable<K, V> {
    const oldValues = new OldValues([this.origin.oldValues]);
    oldValues.want();
    const holds = predicate as (value: unknown, key: unknown) => boolean;
    const { isVersioned } = this.origin;
    const node = this.#add(name, { create: ({ context }) => new TableFilterNode(name, holds, isVersioned, context) });
    const shown = (value: unknown, key: unknown): unknown => (holds(value, key) ? value : null);
    const origin = {
      ...this.origin,
      oldValues,
      view: (environment: NodeEnvironment) => mappedView(this.origin.view(environment), shown),
    };
    return new KTable<K, V>(this.graph, node, origin, this.serdes, this.#resolve);
  }

  /** Hides the rows for which `predicate` holds. */
  filterNot(name: string, predicate: (value: V, key: K) => boolean): KTable<K, V> {
    return this.filter(name, (value, key) => !predicate(value, key));
  }

  /** Joins with another table by their common key: a row where both have one. */
  join<W, R>(name: string, other: KTable<K, W>, options: TableTableJoinOptions<K, V, W, R>): KTable<K, R> {
    return this.#joined(name, other, options, 'inner');
  }

  /** As {@link join}, and keeps the rows of this table that the other has not: joined with null. */
  leftJoin<W, R>(name: string, other: KTable<K, W>, options: TableTableJoinOptions<K, V, W | null, R>): KTable<K, R> {
    return this.#joined(name, other, options, 'left');
  }

  /** As {@link join}, and keeps the rows of both. */
  outerJoin<W, R>(
    name: string,
    other: KTable<K, W>,
    options: TableTableJoinOptions<K, V | null, W | null, R>,
  ): KTable<K, R> {
    return this.#joined(name, other, options, 'outer');
  }

  /** Joins each row with that row of another table which a field of its own names (KIP-213). */
  foreignKeyJoin<FK, W, R>(
    name: string,
    other: KTable<FK, W>,
    options: ForeignKeyJoinOptions<K, V, FK, W, R>,
  ): KTable<K, R> {
    return joinByForeignKey(name, this, other, options, false, this.#resolve);
  }

  /** As {@link foreignKeyJoin}, and keeps the rows that name none, or one that is not there: joined with null. */
  leftForeignKeyJoin<FK, W, R>(
    name: string,
    other: KTable<FK, W>,
    options: ForeignKeyJoinOptions<K, V, FK, W | null, R>,
  ): KTable<K, R> {
    const given = options as ForeignKeyJoinOptions<K, V, FK, W, R>;
    return joinByForeignKey(name, this, other, given, true, this.#resolve);
  }

  /** Groups the rows by another key; repartitions through `<applicationId>-<name>-repartition`. A null key belongs to no group. */
  groupBy<RK>(name: string, keyOf: (value: V, key: K) => RK | null, key: Serde<RK>): GroupedTable<RK, V> {
    this.origin.oldValues.want();
    const { isVersioned } = this.origin;
    const textOf = (each: unknown): string => keyText(each as RK, key);
    const node = this.#add(name, {
      create: (environment) =>
        new RegroupNode(name, keyOf as (value: unknown, key: unknown) => unknown, { isVersioned, textOf }, environment),
    });
    const serdes = { key, value: changeSerde(this.serdes.value) };
    const changes = new KStream(this.graph, node, serdes, this.#resolve, name).partitioned();
    return new GroupedTable<RK, V>(changes, this.serdes.value, this.#resolve);
  }

  /** Holds updates back, so that of several of a key only the last is seen (KIP-328). */
  suppress(name: string, options: SuppressOptions): KTable<K, V> {
    return addSuppression(name, this, options, this.#resolve);
  }

  /** The table's changes as a stream; a deletion is a record with a null value. */
  toStream(name: string): KStream<K, V> {
    const node = this.#add(name, { create: () => new PassNode(name) });
    return new KStream<K, V>(this.graph, node, this.serdes, this.#resolve);
  }

  /** As {@link toStream}, without the deletions. */
  toStreamOfValues(name: string): KStream<K, V> {
    const node = this.#add(name, { create: () => new FilterNode(name, (value) => value !== null, true) });
    return new KStream<K, V>(this.graph, node, this.serdes, this.#resolve);
  }

  #joined<W, R>(
    name: string,
    other: KTable<K, W>,
    options: TableTableJoinOptions<K, V, W, R>,
    kind: 'inner' | 'left' | 'outer',
  ): KTable<K, R> {
    return joinTables(name, this, other, options, kind, this.#resolve);
  }

  #add(name: string, { create }: Pick<GraphNode, 'create'>): GraphNode {
    return this.graph.add({ name, kind: 'processor', parents: [this.node], stores: [], globalTables: [], create });
  }
}
