import { toMs, type Duration } from '@millrace/kernel';
import { LookupJoinNode } from '../join/table-join-node.js';
import { StreamJoinNode, type StreamJoin, type UnmatchedLeft } from '../join/stream-join-node.js';
import {
  BranchNode,
  FilterNode,
  FlatMapNode,
  MapNode,
  MapValuesNode,
  PassNode,
  PeekNode,
  RekeyNode,
} from '../processor/stateless.js';
import type { NodeEnvironment } from '../processor/node-environment.js';
import type { Outcome, ProcessorNode } from '../processor/processor-node.js';
import { SinkNode } from '../processor/sink-node.js';
import { UserProcessorNode } from '../processor/user-processor-node.js';
import type { Serde } from '../serde/serde.js';
import { json } from '../serde/serdes.js';
import type { HeapKeyValueStore } from '../store/key-value-store.js';
import type { Topic } from '../topology/topic.js';
import type { GraphNode, StoreSpec } from '../topology/specs.js';
import type { TopologyGraph } from '../topology/topology-graph.js';
import { GlobalTable } from './global-table.js';
import { GroupedStream } from './grouped-stream.js';
import { type KTable } from './k-table.js';
import type { ProcessorResolver, ProcessorSupplier } from './processor-supplier.js';
import { storeSpec } from './store-options.js';

/** How a stream's keys and values are written where they must be: repartition topics and join stores. */
export interface StreamSerdes<K, V> {
  readonly key: Serde<K>;
  readonly value: Serde<V>;
}

type Mapper<K, V, R> = (value: V, key: K) => R;

/** A join with a table: which row, and what comes of it. */
export interface TableJoinOptions<K, V, TK, TV, R> {
  /** The table's key that belongs to a record; default its own key. Null finds nothing. */
  readonly by?: (value: V, key: K) => TK | null;
  readonly join: (left: V, right: TV, key: K) => R;
  /** How the result is written where it must be; default JSON. */
  readonly value?: Serde<R>;
}

/** A windowed join of two streams. */
export interface StreamJoinOptions<K, V, W, R> {
  /** How far before and after a left record the right one may lie, both ends included. */
  readonly within: { readonly before: Duration; readonly after: Duration };
  /** How long after its window's end, in stream time, a late record still counts. */
  readonly grace: Duration;
  readonly join: (left: V, right: W, key: K) => R;
  /** When a left join emits a left record that has no match; default `early`, as Kafka Streams does. */
  readonly unmatched?: UnmatchedLeft;
  readonly value?: Serde<R>;
}

/** A stream of records: each is an event of its own. Every operator's first argument is its permanent name. */
export class KStream<K, V> {
  readonly graph: TopologyGraph;
  readonly node: GraphNode;
  readonly serdes: StreamSerdes<K, V>;
  readonly #resolve: ProcessorResolver | undefined;
  /** Name of the operator that changed the key, so that a join or group must repartition first. */
  readonly #rekeyedBy: string | undefined;

  constructor(
    graph: TopologyGraph,
    node: GraphNode,
    serdes: StreamSerdes<K, V>,
    resolve: ProcessorResolver | undefined,
    rekeyedBy?: string,
  ) {
    this.graph = graph;
    this.node = node;
    this.serdes = serdes;
    this.#resolve = resolve;
    this.#rekeyedBy = rekeyedBy;
  }

  /** Keeps the records for which `predicate` holds. */
  filter(name: string, predicate: Mapper<K, V, boolean>): KStream<K, V> {
    return this.#then(name, () => new FilterNode(name, predicate as Mapper<unknown, unknown, boolean>, true));
  }

  /** Drops the records for which `predicate` holds. */
  filterNot(name: string, predicate: Mapper<K, V, boolean>): KStream<K, V> {
    return this.#then(name, () => new FilterNode(name, predicate as Mapper<unknown, unknown, boolean>, false));
  }

  /** Replaces the value; the key stays, so nothing is repartitioned. */
  mapValues<R>(name: string, map: Mapper<K, V, R>, value: Serde<R> = json<R>()): KStream<K, R> {
    const node = this.#add(
      name,
      ({ context }) => new MapValuesNode(name, map as Mapper<unknown, unknown, unknown>, context),
    );
    return new KStream<K, R>(this.graph, node, { key: this.serdes.key, value }, this.#resolve, this.#rekeyedBy);
  }

  /** Replaces key and value. */
  map<RK, R>(name: string, map: Mapper<K, V, readonly [RK, R]>, serdes: StreamSerdes<RK, R>): KStream<RK, R> {
    const node = this.#add(
      name,
      ({ context }) => new MapNode(name, map as Mapper<unknown, unknown, readonly [unknown, unknown]>, context),
    );
    return new KStream<RK, R>(this.graph, node, serdes, this.#resolve, name);
  }

  /** Replaces a record by any number of records. */
  flatMap<RK, R>(
    name: string,
    map: Mapper<K, V, Iterable<readonly [RK, R]>>,
    serdes: StreamSerdes<RK, R>,
  ): KStream<RK, R> {
    const flat = map as Mapper<unknown, unknown, Iterable<readonly [unknown, unknown]>>;
    const node = this.#add(name, ({ context }) => new FlatMapNode(name, flat, context));
    return new KStream<RK, R>(this.graph, node, serdes, this.#resolve, name);
  }

  /** Replaces a value by any number of values under the same key. */
  flatMapValues<R>(name: string, map: Mapper<K, V, Iterable<R>>, value: Serde<R> = json<R>()): KStream<K, R> {
    const flat = function* (each: unknown, key: unknown): Generator<readonly [unknown, unknown]> {
      for (const one of map(each as V, key as K)) yield [key, one];
    };
    const node = this.#add(name, ({ context }) => new FlatMapNode(name, flat, context));
    return new KStream<K, R>(this.graph, node, { key: this.serdes.key, value }, this.#resolve, this.#rekeyedBy);
  }

  /** Replaces the key. A later join or group repartitions through `<applicationId>-<name>-repartition`. */
  rekey<RK>(name: string, keyOf: Mapper<K, V, RK | null>, key: Serde<RK>): KStream<RK, V> {
    const node = this.#add(name, () => new RekeyNode(name, keyOf as Mapper<unknown, unknown, unknown>));
    return new KStream<RK, V>(this.graph, node, { key, value: this.serdes.value }, this.#resolve, name);
  }

  /** Writes to and reads back from `<applicationId>-<name>-repartition`, so that equal keys meet in one task. */
  repartition(name: string, serdes: Partial<StreamSerdes<K, V>> = {}): KStream<K, V> {
    const { key, value } = { ...this.serdes, ...serdes };
    const spec = { topic: name, isRepartition: true, key: key as Serde<unknown>, value: value as Serde<unknown> };
    const sink = { ...spec, node: `${name}-sink` };
    const source = { ...spec, node: `${name}-source`, isTable: false };
    this.graph.add({
      name: sink.node,
      kind: 'sink',
      parents: [this.node],
      stores: [],
      sink,
      globalTables: [],
      create: (environment) => new SinkNode(sink, environment),
    });
    const node = this.graph.add({
      name: source.node,
      kind: 'source',
      parents: [],
      stores: [],
      source,
      globalTables: [],
      create: () => new PassNode(source.node),
    });
    return new KStream<K, V>(this.graph, node, { key, value }, this.#resolve);
  }

  /** Records of both streams; their order between the two is that of their timestamps within a task. */
  merge(name: string, other: KStream<K, V>): KStream<K, V> {
    const node = this.graph.add({
      name,
      kind: 'processor',
      parents: [this.node, other.node],
      stores: [],
      globalTables: [],
      create: () => new PassNode(name),
    });
    this.graph.coPartition([this.node, other.node]);
    return new KStream<K, V>(this.graph, node, this.serdes, this.#resolve, this.#rekeyedBy ?? other.#rekeyedBy);
  }

  /** Sends each record to the first branch whose predicate holds, and to `default` where none does. */
  branch<B extends string>(
    name: string,
    branches: Readonly<Record<B, Mapper<K, V, boolean>>>,
  ): Readonly<Record<B | 'default', KStream<K, V>>> {
    const names = [...(Object.keys(branches) as B[]), 'default'] as const;
    const predicates = Object.values(branches) as Mapper<unknown, unknown, boolean>[];
    const root = this.#add(name, () => new BranchNode(name, predicates));
    const streams = names.map((branch) => {
      const node = this.graph.add({
        name: `${name}-${branch}`,
        kind: 'processor',
        parents: [root],
        stores: [],
        globalTables: [],
        create: () => new PassNode(`${name}-${branch}`),
      });
      return [branch, new KStream<K, V>(this.graph, node, this.serdes, this.#resolve, this.#rekeyedBy)] as const;
    });
    return Object.fromEntries(streams) as Record<B | 'default', KStream<K, V>>;
  }

  /** Looks at each record on its way. */
  peek(name: string, look: (value: V, key: K) => void): KStream<K, V> {
    return this.#then(name, () => new PeekNode(name, look as (value: unknown, key: unknown) => void));
  }

  /** Calls `look` for each record; the stream ends here. */
  foreach(name: string, look: (value: V, key: K) => void): void {
    this.peek(name, look);
  }

  /** Runs user code with state: a supplier, or whatever the framework resolves to one, such as an injectable class. */
  process<KOut = K, VOut = V>(
    name: string,
    processor: ProcessorSupplier<K, V, KOut, VOut> | object,
    serdes?: StreamSerdes<KOut, VOut>,
  ): KStream<KOut, VOut> {
    const supplier = 'create' in processor ? processor : this.#resolve?.(processor);
    if (supplier === undefined) {
      this.graph.problems.push(`the processor of '${name}' is neither a supplier nor a known provider: register it`);
    }
    const stores = (supplier?.stores ?? []).map((each) =>
      this.graph.storeOf(each, () =>
        storeSpec({ name: each.name, kind: 'key-value', key: each.key, value: each.value }),
      ),
    );
    const node = this.#add(
      name,
      (environment) => {
        const created = (supplier as ProcessorSupplier<unknown, unknown, unknown, unknown>).create();
        return new UserProcessorNode(
          name,
          created,
          stores.map((each) => each.name),
          environment,
        );
      },
      stores,
    );
    const out = serdes ?? (this.serdes as unknown as StreamSerdes<KOut, VOut>);
    return new KStream<KOut, VOut>(this.graph, node, out, this.#resolve, serdes === undefined ? this.#rekeyedBy : name);
  }

  /** Joins with a table's row or, between streams, with the records of the other within a window; drops what has no match. */
  join<TK, TV, R>(
    name: string,
    other: KTable<TK, TV> | GlobalTable<TK, TV>,
    options: TableJoinOptions<K, V, TK, TV, R>,
  ): KStream<K, R>;
  join<W, R>(name: string, other: KStream<K, W>, options: StreamJoinOptions<K, V, W, R>): KStream<K, R>;
  join(name: string, other: unknown, options: unknown): unknown {
    return this.#joined(name, other, options, false);
  }

  /** As {@link join}, and keeps what has no match: joined with null, between streams once its window has closed. */
  leftJoin<TK, TV, R>(
    name: string,
    other: KTable<TK, TV> | GlobalTable<TK, TV>,
    options: TableJoinOptions<K, V, TK, TV | null, R>,
  ): KStream<K, R>;
  leftJoin<W, R>(name: string, other: KStream<K, W>, options: StreamJoinOptions<K, V, W | null, R>): KStream<K, R>;
  leftJoin(name: string, other: unknown, options: unknown): unknown {
    return this.#joined(name, other, options, true);
  }

  /** Groups by the key as it is. */
  groupByKey(): GroupedStream<K, V> {
    return new GroupedStream<K, V>(this.#partitioned(), this.#resolve);
  }

  /** Groups by another key; repartitions through `<applicationId>-<name>-repartition`. */
  groupBy<RK>(name: string, keyOf: Mapper<K, V, RK | null>, key: Serde<RK>): GroupedStream<RK, V> {
    return this.rekey(name, keyOf, key).groupByKey();
  }

  /** Writes the stream to a topic. */
  to(name: string, topic: Topic<K, V>): void {
    const sink = {
      node: name,
      topic: topic.name,
      isRepartition: false,
      key: topic.key as Serde<unknown>,
      value: topic.value as Serde<unknown>,
    };
    this.graph.add({
      name,
      kind: 'sink',
      parents: [this.node],
      stores: [],
      sink,
      globalTables: [],
      create: (environment) => new SinkNode(sink, environment),
    });
  }

  /** This stream with equal keys in one partition: repartitioned where an operator above has changed the key. */
  #partitioned(): KStream<K, V> {
    return this.#rekeyedBy === undefined ? this : this.repartition(this.#rekeyedBy);
  }

  #joined(name: string, other: unknown, options: unknown, isLeft: boolean): KStream<K, unknown> {
    if (other instanceof KStream) {
      return this.#streamJoin(
        name,
        other as KStream<K, unknown>,
        options as StreamJoinOptions<K, V, unknown, unknown>,
        isLeft,
      );
    }
    const lookup = options as TableJoinOptions<K, V, unknown, unknown, unknown>;
    if (other instanceof GlobalTable)
      return this.#globalJoin(name, other as GlobalTable<unknown, unknown>, lookup, isLeft);
    return this.#tableJoin(name, other as KTable<unknown, unknown>, lookup, isLeft);
  }

  #globalJoin(
    name: string,
    table: GlobalTable<unknown, unknown>,
    options: TableJoinOptions<K, V, unknown, unknown, unknown>,
    isLeft: boolean,
  ): KStream<K, unknown> {
    const by = (options.by ?? ((_value: V, key: K) => key)) as Mapper<unknown, unknown, unknown>;
    const join = options.join as (left: unknown, right: unknown, key: unknown) => unknown;
    const node = this.graph.add({
      name,
      kind: 'processor',
      parents: [this.node],
      stores: [],
      globalTables: [table.name],
      create: (environment) => {
        const rows = environment.globalTable(table.name);
        return new LookupJoinNode(name, { isLeft, by, lookUp: (key) => rows.get(key), join }, environment);
      },
    });
    return this.#withValue(node, options.value);
  }

  #tableJoin(
    name: string,
    table: KTable<unknown, unknown>,
    options: TableJoinOptions<K, V, unknown, unknown, unknown>,
    isLeft: boolean,
  ): KStream<K, unknown> {
    if (options.by !== undefined) {
      const rekeyed = this.rekey(name, options.by, table.serdes.key).repartition(`${name}-by`) as KStream<never, V>;
      return rekeyed.#tableJoin(`${name}-lookup`, table, { ...options, by: undefined } as never, isLeft) as never;
    }
    const left = this.#partitioned();
    const join = options.join as (left: unknown, right: unknown, key: unknown) => unknown;
    const node = this.graph.add({
      name,
      kind: 'processor',
      parents: [left.node],
      stores: [table.store],
      globalTables: [],
      create: (environment) => {
        const rows = environment.store(table.store.name) as HeapKeyValueStore<unknown, unknown>;
        const lookUp = (key: unknown): unknown => {
          const row = rows.get(key);
          return row === undefined ? undefined : table.view(row, key);
        };
        return new LookupJoinNode(name, { isLeft, by: (_value, key) => key, lookUp, join }, environment);
      },
    });
    this.graph.coPartition([left.node, table.node]);
    return left.#withValue(node, options.value);
  }

  #streamJoin(
    name: string,
    right: KStream<K, unknown>,
    options: StreamJoinOptions<K, V, unknown, unknown>,
    isLeft: boolean,
  ): KStream<K, unknown> {
    const left = this.#partitioned();
    const other = right === (this as unknown) ? (left as KStream<K, unknown>) : right.#partitioned();
    const beforeMs = toMs(options.within.before);
    const afterMs = toMs(options.within.after);
    const graceMs = toMs(options.grace);
    // A row of exactly the retention's age is gone, as in Kafka Streams; `at-close` promises that it counts.
    const retentionMs = beforeMs + afterMs + graceMs + (options.unmatched === 'at-close' ? 1 : 0);
    const store = (suffix: string, kind: StoreSpec['kind'], value: Serde<unknown>): StoreSpec =>
      storeSpec({ name: `${name}-${suffix}`, kind, key: left.serdes.key, value, retentionMs });
    const leftStore = store('left', 'join-window', left.serdes.value);
    const rightStore = store('right', 'join-window', other.serdes.value);
    const unmatched = store('unmatched', 'join-unmatched', left.serdes.value);
    const stores = isLeft ? [leftStore, rightStore, unmatched] : [leftStore, rightStore];
    const join: StreamJoin = {
      name,
      isLeft,
      beforeMs,
      afterMs,
      graceMs,
      unmatched: options.unmatched ?? 'early',
      leftStore: leftStore.name,
      rightStore: rightStore.name,
      unmatchedStore: unmatched.name,
      join: options.join as StreamJoin['join'],
    };
    const side = (suffix: string, parent: GraphNode, isLeftSide: boolean): GraphNode =>
      this.graph.add({
        name: `${name}-${suffix}`,
        kind: 'processor',
        parents: [parent],
        stores,
        globalTables: [],
        detail: `${isLeft ? 'left' : 'inner'} join, before ${beforeMs} ms, after ${afterMs} ms, grace ${graceMs} ms${isLeft ? `, unmatched ${join.unmatched}` : ''}`,
        create: (environment) => new StreamJoinNode(`${name}-${suffix}`, join, isLeftSide, environment),
      });
    const node = this.graph.add({
      name,
      kind: 'processor',
      parents: [side('this', left.node, true), side('other', other.node, false)],
      stores: [],
      globalTables: [],
      create: () => new PassNode(name),
    });
    this.graph.coPartition([left.node, other.node]);
    return left.#withValue(node, options.value);
  }

  #withValue<R>(node: GraphNode, value: Serde<R> | undefined): KStream<K, R> {
    const serdes = { key: this.serdes.key, value: value ?? json<R>() };
    return new KStream<K, R>(this.graph, node, serdes, this.#resolve, this.#rekeyedBy);
  }

  #then(name: string, create: () => ProcessorNode): KStream<K, V> {
    return new KStream<K, V>(this.graph, this.#add(name, create), this.serdes, this.#resolve, this.#rekeyedBy);
  }

  #add(
    name: string,
    create: (environment: NodeEnvironment) => ProcessorNode,
    stores: readonly StoreSpec[] = [],
  ): GraphNode {
    return this.graph.add({ name, kind: 'processor', parents: [this.node], stores, globalTables: [], create });
  }
}

/** What an operator hands back; re-exported so that handlers can name it. */
export type HandlerOutcome = Outcome;
