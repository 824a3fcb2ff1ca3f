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
import { KeyKeepingProcessor } from '../processor/value-processor.js';
import type { Serde } from '../serde/serde.js';
import { json } from '../serde/serdes.js';
import type { Topic } from '../topology/topic.js';
import type { GraphNode } from '../topology/specs.js';
import type { TopologyGraph } from '../topology/topology-graph.js';
import { TableSourceNode } from '../table/table-source-node.js';
import type { GlobalTable } from './global-table.js';
import { addAsyncMap, type AsyncCall, type AsyncMapOptions } from './async-map.js';
import { addDeduplication, type DeduplicateOptions } from './deduplicate.js';
import { GroupedStream } from './grouped-stream.js';
import { addOutputs, type NamedOutputs, type OutputKey, type OutputValue } from './named-outputs.js';
import { addFieldRouter, addTypeRouter, type FieldRoutes, type RouteOptions, type Routes } from './type-router.js';
import type { UnknownType } from '../processor/type-route-node.js';
import { KTable } from './k-table.js';
import type {
  ProcessorResolver,
  ProcessorSupplier,
  ProcessorToken,
  ValueProcessorSupplier,
} from './processor-supplier.js';
import { tableStoreSpec, type TableStoreOptions } from './store-options.js';
import { joinStreams, type StreamJoinOptions } from './stream-stream-join.js';
import { joinTable, type LookupBy, type TableJoinOptions } from './stream-table-join.js';
import { storedTable } from './table-origin.js';
import { addRepartition, addRoutingSinks, addSink } from './topic-nodes.js';
import { addUserProcessor } from './user-processor.js';

/** How a stream's keys and values are written where they must be: repartition topics and join stores. */
export interface StreamSerdes<K, V> {
  readonly key: Serde<K>;
  readonly value: Serde<V>;
}

type Mapper<K, V, R> = (value: V, key: K) => R;

/** A stream of records: each is an event of its own. Every operator's first argument is its permanent name. */
export class KStream<K, V> {
  readonly graph: TopologyGraph;
  readonly node: GraphNode;
  readonly serdes: StreamSerdes<K, V>;
  readonly #resolve: ProcessorResolver | undefined;
  /** Name of the operator that changed the key, so that a join or group must repartition first. */
  readonly #rekeyedBy: string | undefined;
  #partitioned: KStream<K, V> | undefined;

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
    const node = addRepartition(this.graph, [this.node], name, { key, value });
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

  /**
   * Replaces the value by what a call to the outside answers; the key stays, so nothing is repartitioned. Many calls run at
   * once, without holding up the task, until it has as many as it may have; a commit waits for those that are under way.
   *
   * A record whose last try has failed goes where the topology's error policy says. Time, headers and place of a result are
   * those of its record.
   */
  asyncMap<R>(name: string, call: AsyncCall<K, V, R>, options: AsyncMapOptions<R> = {}): KStream<K, R> {
    return addAsyncMap(name, this, call, options);
  }

  /** Runs user code with state: a supplier, or whatever the framework resolves to one, such as an injectable class. */
  process(name: string, processor: ProcessorSupplier<K, V, K, V> | ProcessorToken): KStream<K, V>;
  /** As above; what it passes on has keys and values of its own, and so serdes. */
  process<KOut, VOut>(
    name: string,
    processor: ProcessorSupplier<K, V, KOut, VOut> | ProcessorToken,
    serdes: StreamSerdes<KOut, VOut>,
  ): KStream<KOut, VOut>;
  process(name: string, processor: object, serdes?: StreamSerdes<unknown, unknown>): unknown {
    const node = addUserProcessor(this.graph, this.node, name, processor, this.#resolve);
    const rekeyedBy = serdes === undefined ? this.#rekeyedBy : name;
    return new KStream(this.graph, node, serdes ?? this.serdes, this.#resolve, rekeyedBy);
  }

  /**
   * Runs user code with state that chooses among several outputs by `context.to('name').forward(…)`; `context.forward(…)` reaches all of
   * them. The operators below are named `<name>-<output>`.
   */
  processInto<O extends NamedOutputs>(
    name: string,
    processor: ProcessorSupplier<K, V, OutputKey<O[keyof O]>, OutputValue<O[keyof O]>, O> | ProcessorToken,
    outputs: O,
  ): { readonly [N in keyof O]: KStream<OutputKey<O[N]>, OutputValue<O[N]>> } {
    const node = addUserProcessor(this.graph, this.node, name, processor, this.#resolve);
    const entries = Object.entries(outputs);
    const nodes = addOutputs(this.graph, node, name, Object.keys(outputs));
    const streams = entries.map(([output, serdes], nth) => {
      return [output, new KStream(this.graph, nodes[nth] as GraphNode, serdes, this.#resolve, `${name}-${output}`)];
    });
    return Object.fromEntries(streams) as { readonly [N in keyof O]: KStream<OutputKey<O[N]>, OutputValue<O[N]>> };
  }

  /**
   * Parts a topic that holds several types of events, each with a serde of its own: the stream's values are bytes (`bytes`), and
   * each route reads them as its type. The operators below are named `<name>-<type>`.
   */
  route<T extends Readonly<Record<string, Serde<unknown>>>, U extends UnknownType = 'dead-letter'>(
    this: KStream<K, Buffer>,
    name: string,
    options: RouteOptions<K, T, U>,
  ): Routes<K, T, U> {
    return addTypeRouter(name, this, options);
  }

  /**
   * Parts a stream of values that name their type in a field, such as `kind`, into one stream a type. Values of another type are a
   * fault of the record (`dead-letter`, the default) or dropped (`ignore`).
   */
  routeBy<F extends keyof V & string, T extends V[F] & string>(
    name: string,
    field: F,
    types: readonly T[],
    unknown: 'dead-letter' | 'ignore' = 'dead-letter',
  ): FieldRoutes<K, V, F, T> {
    return addFieldRouter(name, this, field, types, unknown);
  }

  /** Runs user code with state that leaves the keys as they are: nothing is repartitioned after it. */
  processValues<VOut>(
    name: string,
    values: ValueProcessorSupplier<K, V, VOut>,
    value: Serde<VOut> = json<VOut>(),
  ): KStream<K, VOut> {
    const create = (): KeyKeepingProcessor<K, V, VOut> => new KeyKeepingProcessor(values.create());
    const supplier: ProcessorSupplier<K, V, K, VOut> = { stores: values.stores ?? [], create };
    return this.derived(addUserProcessor(this.graph, this.node, name, supplier, this.#resolve), value);
  }

  /**
   * Writes a line for each record: `name: key, value as JSON`. For looking at a topology while it is made: payloads get into
   * the output.
   *
   * @param write Default `console.log`.
   */
  print(name: string, write: (line: string) => void = console.log): KStream<K, V> {
    return this.peek(name, (value, key) => write(`${name}: ${String(key)}, ${JSON.stringify(value)}`));
  }

  /**
   * Joins with a table's row or, between streams, with the records of the other within a window; drops what has no match. A row of
   * another key than the record's is found with `by`: of a table the record goes to where the row is, and has the row's key from
   * there on; of a global one it stays where and what it is.
   */
  join<TK, TV, R>(
    name: string,
    other: GlobalTable<TK, TV>,
    options: TableJoinOptions<K, V, TV, R> & LookupBy<K, V, TK>,
  ): KStream<K, R>;
  join<TK, TV, R>(
    name: string,
    other: KTable<TK, TV>,
    options: TableJoinOptions<TK, V, TV, R> & LookupBy<K, V, TK>,
  ): KStream<TK, R>;
  join<TV, R>(
    name: string,
    other: KTable<K, TV> | GlobalTable<K, TV>,
    options: TableJoinOptions<K, V, TV, R>,
  ): KStream<K, R>;
  join<W, R>(name: string, other: KStream<K, W>, options: StreamJoinOptions<K, V, W, R>): KStream<K, R>;
  join(name: string, other: unknown, options: unknown): unknown {
    return this.#joined(name, other, options, 'inner');
  }

  /** As {@link join}, and keeps what has no match: joined with null, between streams once its window has closed. */
  leftJoin<TK, TV, R>(
    name: string,
    other: GlobalTable<TK, TV>,
    options: TableJoinOptions<K, V, TV | null, R> & LookupBy<K, V, TK>,
  ): KStream<K, R>;
  leftJoin<TK, TV, R>(
    name: string,
    other: KTable<TK, TV>,
    options: TableJoinOptions<TK, V, TV | null, R> & LookupBy<K, V, TK>,
  ): KStream<TK, R>;
  leftJoin<TV, R>(
    name: string,
    other: KTable<K, TV> | GlobalTable<K, TV>,
    options: TableJoinOptions<K, V, TV | null, R>,
  ): KStream<K, R>;
  leftJoin<W, R>(name: string, other: KStream<K, W>, options: StreamJoinOptions<K, V, W | null, R>): KStream<K, R>;
  leftJoin(name: string, other: unknown, options: unknown): unknown {
    return this.#joined(name, other, options, 'left');
  }

  /** Joins with the records of another stream within a window, and keeps what has no match on either side. */
  outerJoin<W, R>(
    name: string,
    other: KStream<K, W>,
    options: StreamJoinOptions<K, V | null, W | null, R>,
  ): KStream<K, R> {
    return joinStreams(name, this as KStream<K, V | null>, other, options, 'outer');
  }

  /**
   * The stream as a table: the latest value of each key, where a null value deletes. Repartitions first where an operator above
   * has changed the key.
   */
  toTable(name: string, options: TableStoreOptions<V>): KTable<K, V> {
    const stream = this.partitioned();
    const store = tableStoreSpec(stream.serdes, options);
    const node = this.graph.add({
      name,
      kind: 'processor',
      parents: [stream.node],
      stores: [store],
      globalTables: [],
      create: (environment) => new TableSourceNode(name, store.name, store.isCached, environment),
    });
    return new KTable<K, V>(this.graph, node, storedTable(store), stream.serdes, this.#resolve);
  }

  /**
   * Drops the records that are the same as an earlier one. Repartitions first where an operator above has changed the key. Needs
   * exactly-once.
   */
  deduplicate<I>(name: string, options: DeduplicateOptions<K, V, I>): KStream<K, V> {
    return addDeduplication(name, this, options);
  }

  /** Groups by the key as it is. */
  groupByKey(): GroupedStream<K, V> {
    return new GroupedStream<K, V>(this.partitioned(), this.#resolve);
  }

  /** Groups by another key; repartitions through `<applicationId>-<name>-repartition`. */
  groupBy<RK>(name: string, keyOf: Mapper<K, V, RK | null>, key: Serde<RK>): GroupedStream<RK, V> {
    return this.rekey(name, keyOf, key).groupByKey();
  }

  /** Writes the stream to a topic. */
  to(name: string, topic: Topic<K, V>): void {
    addSink(this.graph, this.node, name, topic);
  }

  /**
   * Writes each record to the topic that `choose` names, one of `topics`. They must exist, and are listed so that this is seen
   * at boot; a name that is not among them is a fault of the record (dead-letter).
   */
  toOneOf(name: string, topics: readonly Topic<K, V>[], choose: Mapper<K, V, string>): void {
    addRoutingSinks(this.graph, this.node, name, topics, choose as Mapper<unknown, unknown, string>);
  }

  /** Whether an operator above has changed the key, so that equal keys may be in different partitions. */
  get isRekeyed(): boolean {
    return this.#rekeyedBy !== undefined;
  }

  /**
   * This stream with equal keys in one partition: repartitioned where an operator above has changed the key, once for all that
   * read it. The topic is named after that operator; two streams below it that differ need names of their own.
   */
  partitioned(): KStream<K, V> {
    if (this.#rekeyedBy === undefined) return this;
    this.#partitioned ??= this.graph.isRepartitioned(this.#rekeyedBy) ? this : this.repartition(this.#rekeyedBy);
    return this.#partitioned;
  }

  /** The stream of what `node`, which reads this one, makes of it; keys are as they were. */
  derived<R>(node: GraphNode, value: Serde<R> = json<R>()): KStream<K, R> {
    return new KStream<K, R>(this.graph, node, { key: this.serdes.key, value }, this.#resolve, this.#rekeyedBy);
  }

  #joined(name: string, other: unknown, options: unknown, kind: 'inner' | 'left'): unknown {
    if (other instanceof KStream) {
      const stream = other as KStream<K, unknown>;
      return joinStreams(name, this, stream, options as StreamJoinOptions<K, V, unknown, unknown>, kind);
    }
    const table = other as KTable<unknown, unknown> | GlobalTable<unknown, unknown>;
    return joinTable(name, this, table, options as TableJoinOptions<K, V, unknown, unknown>, kind === 'left');
  }

  #then(name: string, create: () => ProcessorNode): KStream<K, V> {
    return new KStream<K, V>(this.graph, this.#add(name, create), this.serdes, this.#resolve, this.#rekeyedBy);
  }

  #add(name: string, create: (environment: NodeEnvironment) => ProcessorNode): GraphNode {
    return this.graph.add({ name, kind: 'processor', parents: [this.node], stores: [], globalTables: [], create });
  }
}

/** What an operator hands back; re-exported so that handlers can name it. */
export type HandlerOutcome = Outcome;
