import { UserProcessorNode } from '../processor/user-processor-node.js';
import type { GraphNode } from '../topology/specs.js';
import type { TopologyGraph } from '../topology/topology-graph.js';
import type { ProcessorResolver, ProcessorSupplier } from './processor-supplier.js';

/**
 * Adds a node that runs user code, with the stores that the code asks for.
 *
 * @param processor A supplier, or whatever `resolve` knows a supplier for; a problem of the graph when it is neither.
 */
export function addUserProcessor(
  graph: TopologyGraph,
  parent: GraphNode,
  name: string,
  processor: object,
  resolve: ProcessorResolver | undefined,
): GraphNode {
  const known = 'create' in processor ? processor : resolve?.(processor);
  const supplier = known as ProcessorSupplier<unknown, unknown, unknown, unknown> | undefined;
  if (supplier === undefined) {
    graph.problems.push(`the processor of '${name}' is neither a supplier nor a known provider: register it`);
  }
  const stores = (supplier?.stores ?? []).map((each) => each.spec);
  const storeNames = stores.map((each) => each.name);
  return graph.add({
    name,
    kind: 'processor',
    parents: [parent],
    stores,
    globalTables: [],
    create: (environment) => {
      const created = (supplier as NonNullable<typeof supplier>).create();
      return new UserProcessorNode(name, created, storeNames, environment);
    },
  });
}
