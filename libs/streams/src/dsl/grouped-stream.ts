import { AggregateNode } from '../aggregate/aggregate-node.js';
import { WindowedAggregateNode } from '../aggregate/windowed-aggregate-node.js';
import type { NodeEnvironment } from '../processor/node-environment.js';
import type { ProcessorNode } from '../processor/processor-node.js';
import { int64, json } from '../serde/serdes.js';
import type { StoreSpec } from '../topology/specs.js';
import type { TumblingWindows } from '../window/tumbling.js';
import type { Windowed } from '../window/windowed.js';
import { windowedKey } from '../window/windowed-key.js';
import type { KStream } from './k-stream.js';
import { KTable } from './k-table.js';
import type { ProcessorResolver } from './processor-supplier.js';
import { storeSpec, type StoreOptions } from './store-options.js';

type Add = (aggregate: unknown, value: unknown, key: unknown) => unknown;

/** How an aggregate begins and grows. `initialize` is called for each new key (and window). */
export interface AggregateOptions<K, V, A> extends StoreOptions<A> {
  readonly initialize: () => A;
  /** Returns the new aggregate; the old one must not be changed. */
  readonly add: (aggregate: A, value: V, key: K) => A;
}

/** A reduction: begins with the first value. */
export interface ReduceOptions<V> extends StoreOptions<V> {
  readonly reduce: (aggregate: V, value: V) => V;
}

/** A stream whose equal keys meet in one task, ready to be folded. */
export class GroupedStream<K, V> {
  readonly #stream: KStream<K, V>;
  readonly #resolve: ProcessorResolver | undefined;

  constructor(stream: KStream<K, V>, resolve: ProcessorResolver | undefined) {
    this.#stream = stream;
    this.#resolve = resolve;
  }

  /** Folds within windows instead of over all time. */
  windowedBy(windows: TumblingWindows): WindowedStream<K, V> {
    return new WindowedStream<K, V>(this.#stream, windows, this.#resolve);
  }

  count(name: string, options: StoreOptions<number>): KTable<K, number> {
    return this.#fold(name, { value: int64, ...options }, (aggregate) => ((aggregate as number | undefined) ?? 0) + 1);
  }

  reduce(name: string, options: ReduceOptions<V>): KTable<K, V> {
    return this.#fold(name, { value: this.#stream.serdes.value, ...options }, reduction(options.reduce));
  }

  aggregate<A>(name: string, options: AggregateOptions<K, V, A>): KTable<K, A> {
    return this.#fold(name, options, aggregation(options));
  }

  #fold<A>(name: string, options: StoreOptions<A>, add: Add): KTable<K, A> {
    const isCached = options.cache ?? false;
    const value = options.value ?? json<A>();
    const { key } = this.#stream.serdes;
    const store = storeSpec({
      name: options.store,
      kind: 'key-value',
      key: key,
      value: value,
      isCached,
    });
    const node = addFold(
      this.#stream,
      name,
      store,
      '',
      (environment) => new AggregateNode(name, store.name, { add }, isCached, environment),
    );
    return new KTable<K, A>(this.#stream.graph, node, store, { key, value }, this.#resolve);
  }
}

/** A grouped stream, cut into windows. */
export class WindowedStream<K, V> {
  readonly #stream: KStream<K, V>;
  readonly #windows: TumblingWindows;
  readonly #resolve: ProcessorResolver | undefined;

  constructor(stream: KStream<K, V>, windows: TumblingWindows, resolve: ProcessorResolver | undefined) {
    this.#stream = stream;
    this.#windows = windows;
    this.#resolve = resolve;
  }

  count(name: string, options: StoreOptions<number>): KTable<Windowed<K>, number> {
    return this.#fold(name, { value: int64, ...options }, (aggregate) => ((aggregate as number | undefined) ?? 0) + 1);
  }

  reduce(name: string, options: ReduceOptions<V>): KTable<Windowed<K>, V> {
    return this.#fold(name, { value: this.#stream.serdes.value, ...options }, reduction(options.reduce));
  }

  aggregate<A>(name: string, options: AggregateOptions<K, V, A>): KTable<Windowed<K>, A> {
    return this.#fold(name, options, aggregation(options));
  }

  #fold<A>(name: string, options: StoreOptions<A>, add: Add): KTable<Windowed<K>, A> {
    const { sizeMs, graceMs } = this.#windows;
    const isCached = options.cache ?? false;
    const value = options.value ?? json<A>();
    const { key } = this.#stream.serdes;
    if (sizeMs <= 0) this.#stream.graph.problems.push(`the windows of '${name}' have no size: give one above 0`);
    const store = storeSpec({
      name: options.store,
      kind: 'window',
      key: key,
      value: value,
      windowSizeMs: sizeMs,
      retentionMs: sizeMs + graceMs,
      isCached,
    });
    const detail = `tumbling ${sizeMs} ms, grace ${graceMs} ms`;
    const node = addFold(
      this.#stream,
      name,
      store,
      detail,
      (environment) => new WindowedAggregateNode(name, store.name, this.#windows, { add }, isCached, environment),
    );
    return new KTable<Windowed<K>, A>(
      this.#stream.graph,
      node,
      store,
      { key: windowedKey(key, sizeMs), value },
      this.#resolve,
    );
  }
}

function addFold<K, V>(
  stream: KStream<K, V>,
  name: string,
  store: StoreSpec,
  detail: string,
  create: (environment: NodeEnvironment) => ProcessorNode,
): ReturnType<KStream<K, V>['graph']['add']> {
  const parts = [...(detail === '' ? [] : [detail]), ...(store.isCached ? ['cached'] : [])];
  return stream.graph.add({
    name,
    kind: 'processor',
    parents: [stream.node],
    stores: [store],
    globalTables: [],
    ...(parts.length === 0 ? {} : { detail: parts.join(', ') }),
    create,
  });
}

function reduction<V>(reduce: (aggregate: V, value: V) => V): Add {
  return (aggregate, value) => (aggregate === undefined ? value : reduce(aggregate as V, value as V));
}

function aggregation<K, V, A>(options: AggregateOptions<K, V, A>): Add {
  return (aggregate, value, key) =>
    options.add(aggregate === undefined ? options.initialize() : (aggregate as A), value as V, key as K);
}
