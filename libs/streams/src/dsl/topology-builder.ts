import type { Duration } from '@millrace/kernel';
import { PassNode } from '../processor/stateless.js';
import { TableSourceNode } from '../table/table-source-node.js';
import { optionMs } from '../topology/option-durations.js';
import { patternLabel, type TopicPattern } from '../topology/topic-pattern.js';
import type { Topic } from '../topology/topic.js';
import type { SourceSpec } from '../topology/specs.js';
import type { Topology } from '../topology/topology.js';
import { TopologyGraph } from '../topology/topology-graph.js';
import { GlobalTable } from './global-table.js';
import { KStream } from './k-stream.js';
import { KTable } from './k-table.js';
import type { ProcessorResolver } from './processor-supplier.js';
import { tableStoreSpec, type TableStoreOptions } from './store-options.js';
import { storedTable } from './table-origin.js';

/** Choices for a {@link TopologyBuilder}. */
export interface TopologyBuilderOptions {
  /** Turns what `.process(name, …)` is given into a processor: how a framework injects its providers. */
  readonly resolveProcessor?: ProcessorResolver;
}

/**
 * Declares a topology. Names are permanent: they become the names of stores and internal topics, and renaming one abandons
 * what stands under the old name (ADR 0006).
 */
export class TopologyBuilder {
  readonly #graph: TopologyGraph;
  readonly #options: TopologyBuilderOptions;

  constructor(name: string, options: TopologyBuilderOptions = {}) {
    this.#graph = new TopologyGraph(name);
    this.#options = options;
  }

  /**
   * Reads a topic, or all topics that match a pattern, as a stream of records. The tasks of a pattern read the partitions of one number
   * of all its topics.
   */
  stream<K, V>(name: string, topic: Topic<K, V> | TopicPattern<K, V>): KStream<K, V> {
    const source = 'pattern' in topic ? patternSourceOf(name, topic) : sourceOf(name, topic, false);
    const node = this.#graph.add({
      name,
      kind: 'source',
      parents: [],
      stores: [],
      source,
      globalTables: [],
      create: () => new PassNode(name),
    });
    return new KStream<K, V>(this.#graph, node, { key: topic.key, value: topic.value }, this.#options.resolveProcessor);
  }

  /** Reads a topic as a table: the latest value of each key; a null value deletes. The topic serves as changelog. */
  table<K, V>(name: string, topic: Topic<K, V>, options: Omit<TableStoreOptions<V>, 'value'>): KTable<K, V> {
    const store = { ...tableStoreSpec(topic, options), sourceTopic: topic.name };
    const node = this.#graph.add({
      name,
      kind: 'source',
      parents: [],
      stores: [store],
      source: sourceOf(name, topic, true),
      globalTables: [],
      create: (environment) => new TableSourceNode(name, store.name, store.isCached, environment),
    });
    return new KTable<K, V>(
      this.#graph,
      node,
      storedTable(store),
      { key: topic.key, value: topic.value },
      this.#options.resolveProcessor,
    );
  }

  /** Reads a topic as a table that every task sees whole: for lookups by any key, without repartitioning. */
  globalTable<K, V>(name: string, topic: Topic<K, V>, options: { readonly store: string }): GlobalTable<K, V> {
    this.#graph.addGlobalTable({
      name,
      topic: topic.name,
      store: options.store,
      key: topic.key,
      value: topic.value,
    });
    return new GlobalTable<K, V>(name);
  }

  /**
   * Lets stream time of idle tasks advance until every open window is closed. Off unless called; see ADR 0012 for what a
   * record costs that arrives after such a pause.
   *
   * @param options.after how long every input must have been confirmed empty, in wall-clock time.
   */
  idleAdvance(name: string, options: { readonly after: Duration }): void {
    this.#graph.claim(name, 'idle advance');
    if (this.#graph.idleAdvance !== undefined) {
      this.#graph.problems.push(`idle advance is asked for twice, by '${this.#graph.idleAdvance.name}' and '${name}'`);
    }
    this.#graph.idleAdvance = { name, afterMs: optionMs(`after of '${name}'`, options.after, this.#graph.problems) };
  }

  /** @throws {TopologyError} (stop-app) listing every problem. */
  build(): Topology {
    return this.#graph.build();
  }
}

function patternSourceOf<K, V>(node: string, { pattern, key, value }: TopicPattern<K, V>): SourceSpec {
  return { node, topic: patternLabel(pattern), pattern, isRepartition: false, key, value, isTable: false };
}

function sourceOf<K, V>(node: string, topic: Topic<K, V>, isTable: boolean): SourceSpec {
  return {
    node,
    topic: topic.name,
    isRepartition: false,
    key: topic.key,
    value: topic.value,
    isTable,
  };
}
