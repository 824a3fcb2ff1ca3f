import { PassNode } from '../processor/stateless.js';
import type { GraphNode, StoreSpec } from '../topology/specs.js';
import type { TopologyGraph } from '../topology/topology-graph.js';
import type { Add } from './folds.js';

/** A stream that is folded, and how its values grow the aggregate. */
export interface FoldInput {
  readonly node: GraphNode;
  readonly add: Add;
}

/** What the nodes that fold have in common. */
export interface FoldNodes {
  readonly name: string;
  readonly store: StoreSpec;
  readonly detail?: string | undefined;
  /** Makes the node that folds one input. */
  readonly create: (name: string, add: Add) => GraphNode['create'];
  /** Takes the node of late records, named `<name>-late`. */
  readonly late?: ((node: GraphNode) => void) | undefined;
}

/**
 * Adds the nodes that fold streams into one store: one node by the aggregate's name for a single stream; for several, `<name>-0`,
 * `<name>-1` and so on, and a node by the aggregate's name that brings them together.
 */
export function addFolds(graph: TopologyGraph, inputs: readonly FoldInput[], fold: FoldNodes): GraphNode {
  const { name, store, detail, create, late } = fold;
  const add = (input: FoldInput, own: string): GraphNode =>
    graph.add({
      name: own,
      kind: 'processor',
      parents: [input.node],
      stores: [store],
      globalTables: [],
      ...(detail === undefined || detail === '' ? {} : { detail }),
      create: create(own, input.add),
    });
  const [only, ...others] = inputs as readonly [FoldInput, ...FoldInput[]];
  if (others.length === 0) {
    const node = add(only, name);
    if (late !== undefined) late(addLate(graph, node, lateName(name)));
    return node;
  }
  const parents = inputs.map((input, index) => add(input, `${name}-${index}`));
  graph.coPartition(parents);
  return graph.add({
    name,
    kind: 'processor',
    parents,
    stores: [],
    globalTables: [],
    create: () => new PassNode(name),
  });
}

/** Name of the operator that takes the late records of an aggregate. */
export function lateName(name: string): string {
  return `${name}-late`;
}

function addLate(graph: TopologyGraph, parent: GraphNode, name: string): GraphNode {
  return graph.add({
    name,
    kind: 'processor',
    parents: [parent],
    stores: [],
    globalTables: [],
    create: () => new PassNode(name),
  });
}
