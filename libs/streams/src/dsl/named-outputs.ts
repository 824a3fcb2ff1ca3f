import type { Serde } from '../serde/serde.js';
import { PassNode } from '../processor/stateless.js';
import type { GraphNode } from '../topology/specs.js';
import type { TopologyGraph } from '../topology/topology-graph.js';

/** How the records of an output are written where they must be. */
export interface OutputSerdes<K = unknown, V = unknown> {
  readonly key: Serde<K>;
  readonly value: Serde<V>;
}

/** The outputs of an operator by their names. */
export type NamedOutputs = Readonly<Record<string, OutputSerdes>>;

export type OutputKey<S> = S extends OutputSerdes<infer K> ? K : never;

export type OutputValue<S> = S extends OutputSerdes<infer _K, infer V> ? V : never;

/** Adds a node `<name>-<output>` for each output below `parent`, in order. */
export function addOutputs(
  graph: TopologyGraph,
  parent: GraphNode,
  name: string,
  outputs: readonly string[],
): GraphNode[] {
  return outputs.map((output) => {
    const own = `${name}-${output}`;
    return graph.add({
      name: own,
      kind: 'processor',
      parents: [parent],
      stores: [],
      globalTables: [],
      create: () => new PassNode(own),
    });
  });
}
