import type { GraphNode } from './specs.js';
import type { SubTopology, Topology } from './topology.js';

/** The description as text, in the order of declaration; names only, so a golden file shows every rename. */
export function describeAsText(topology: Topology): string {
  const lines = [`Topology: ${topology.name}`];
  if (topology.idleAdvance !== undefined) {
    lines.push(`   Idle advance: ${topology.idleAdvance.name} (after ${topology.idleAdvance.afterMs} ms)`);
  }
  for (const table of topology.globalTables) {
    lines.push(`   Global table: ${table.name} (topic: ${table.topic}, store: ${table.store})`);
  }
  for (const sub of topology.subTopologies) {
    lines.push(`   Sub-topology: ${sub.id}`);
    for (const node of sub.nodes) lines.push(...nodeLines(sub, node));
  }
  return `${lines.join('\n')}\n`;
}

function nodeLines(sub: SubTopology, node: GraphNode): string[] {
  const detail = node.detail === undefined ? '' : ` [${node.detail}]`;
  const stores = node.stores.length === 0 ? '' : ` (stores: ${node.stores.map((each) => each.name).join(', ')})`;
  const parents = node.parents.map((each) => each.name).join(', ');
  if (node.source !== undefined) {
    return [
      `    Source: ${node.name} (topic: ${topicText(node.source)})${stores}${detail}`,
      `      --> ${childrenOf(sub, node)}`,
    ];
  }
  if (node.sink !== undefined) {
    return [`    Sink: ${node.name} (topic: ${topicText(node.sink)})${detail}`, `      <-- ${parents}`];
  }
  return [
    `    Processor: ${node.name}${stores}${detail}`,
    `      --> ${childrenOf(sub, node)}`,
    `      <-- ${parents}`,
  ];
}

type TopicSpec = { readonly topic: string; readonly isRepartition: boolean };

function topicText(spec: TopicSpec): string {
  return spec.isRepartition ? `<applicationId>-${spec.topic}-repartition` : spec.topic;
}

function childrenOf(sub: SubTopology, node: GraphNode): string {
  const children = sub.nodes.filter((each) => each.parents.includes(node)).map((each) => each.name);
  return children.length === 0 ? 'none' : children.join(', ');
}

/** The description as a Mermaid flowchart: topics as double boxes, stores as cylinders, one box a sub-topology. */
export function describeAsMermaid(topology: Topology): string {
  const ids = new Map<string, string>();
  const id = (kind: string, name: string): string => {
    const key = `${kind} ${name}`;
    const known = ids.get(key) ?? `n${ids.size}`;
    ids.set(key, known);
    return known;
  };
  // Mermaid would take `<applicationId>` for a tag.
  const topicLabel = (spec: TopicSpec): string => topicText(spec).replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const lines = ['flowchart LR'];
  const edges: string[] = [];
  for (const sub of topology.subTopologies) {
    lines.push(`  subgraph s${sub.id}["sub-topology ${sub.id}"]`);
    for (const node of sub.nodes) {
      lines.push(`    ${id('node', node.name)}["${node.name}"]`);
    }
    const stores = new Set(sub.nodes.flatMap((node) => node.stores.map((store) => store.name)));
    for (const store of stores) lines.push(`    ${id('store', store)}[("${store}")]`);
    lines.push('  end');
    for (const node of sub.nodes) {
      for (const parent of node.parents) edges.push(`  ${id('node', parent.name)} --> ${id('node', node.name)}`);
      for (const store of node.stores) edges.push(`  ${id('node', node.name)} --- ${id('store', store.name)}`);
      for (const table of node.globalTables)
        edges.push(`  ${id('global', table)}[("${table}")] -.-> ${id('node', node.name)}`);
      if (node.source !== undefined) {
        edges.push(
          `  ${id('topic', topicText(node.source))}[["${topicLabel(node.source)}"]] --> ${id('node', node.name)}`,
        );
      }
      if (node.sink !== undefined) {
        edges.push(`  ${id('node', node.name)} --> ${id('topic', topicText(node.sink))}[["${topicLabel(node.sink)}"]]`);
      }
    }
  }
  return `${[...lines, ...edges].join('\n')}\n`;
}
