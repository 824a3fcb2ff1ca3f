import { RouteNode } from '../processor/route-node.js';
import { SinkNode } from '../processor/sink-node.js';
import { PassNode } from '../processor/stateless.js';
import type { Serde } from '../serde/serde.js';
import type { GraphNode, SinkSpec } from '../topology/specs.js';
import type { Topic } from '../topology/topic.js';
import type { TopologyGraph } from '../topology/topology-graph.js';

/** Adds the node that writes a stream to a topic of the user. */
export function addSink<K, V>(graph: TopologyGraph, parent: GraphNode, name: string, topic: Topic<K, V>): void {
  addSinkNode(graph, [parent], {
    node: name,
    topic: topic.name,
    isRepartition: false,
    key: topic.key,
    value: topic.value,
  });
}

/** Adds the nodes that write each record to the one of several topics that is chosen for it. */
export function addRoutingSinks<K, V>(
  graph: TopologyGraph,
  parent: GraphNode,
  name: string,
  topics: readonly Topic<K, V>[],
  choose: (value: unknown, key: unknown) => string,
): void {
  const names = topics.map((topic) => topic.name);
  const node = graph.add({
    name,
    kind: 'processor',
    parents: [parent],
    stores: [],
    globalTables: [],
    create: () => new RouteNode(name, names, choose),
  });
  for (const topic of topics) addSink(graph, node, `${name}-${topic.name}`, topic);
}

/** How records are written to an internal topic and read back. */
export interface RepartitionSpec {
  readonly key: Serde<unknown>;
  readonly value: Serde<unknown>;
  /** How keys are written, where they are bytes on this side already. Default {@link key}. */
  readonly sinkKey?: Serde<unknown>;
  readonly partitionOf?: NonNullable<SinkSpec['partitionOf']>;
}

/** Adds the nodes that write to and read back from the topic `<applicationId>-<name>-repartition`; returns the one that reads. */
export function addRepartition(
  graph: TopologyGraph,
  parents: readonly GraphNode[],
  name: string,
  { key, value, sinkKey = key, partitionOf }: RepartitionSpec,
): GraphNode {
  const spec = { topic: name, isRepartition: true, value };
  const route = partitionOf === undefined ? {} : { partitionOf };
  addSinkNode(graph, parents, { ...spec, key: sinkKey, node: `${name}-sink`, ...route });
  const source = { ...spec, key, node: `${name}-source`, isTable: false };
  return graph.add({
    name: source.node,
    kind: 'source',
    parents: [],
    stores: [],
    source,
    globalTables: [],
    create: () => new PassNode(source.node),
  });
}

function addSinkNode(graph: TopologyGraph, parents: readonly GraphNode[], sink: SinkSpec): void {
  const node: GraphNode = graph.add({
    name: sink.node,
    kind: 'sink',
    parents,
    stores: [],
    sink,
    globalTables: [],
    create: (environment) => {
      // Nobody below could do anything with a record without a key, unless it is joined with null.
      const dropsNullKeys = sink.isRepartition && !graph.keepsNullKeysBelow(node);
      return new SinkNode(sink, dropsNullKeys, environment);
    },
  });
}
