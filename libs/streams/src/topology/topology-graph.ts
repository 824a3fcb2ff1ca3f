import { TopologyError } from '../errors/topology-error.js';
import { problemsOfSerdes } from './serde-problems.js';
import type { GlobalTableSpec, GraphNode, StoreSpec } from './specs.js';
import { patternMatches } from './topic-pattern.js';
import { Topology, type IdleAdvance, type SubTopology } from './topology.js';

/** What the DSL collects while a topology is declared; problems are kept until {@link build} reports all of them. */
export class TopologyGraph {
  readonly name: string;
  readonly problems: string[] = [];
  idleAdvance: IdleAdvance | undefined;
  readonly #nodes: GraphNode[] = [];
  readonly #globalTables: GlobalTableSpec[] = [];
  readonly #stores = new Map<string, StoreSpec>();
  readonly #coPartitioned: (readonly GraphNode[])[] = [];
  readonly #names = new Set<string>();

  constructor(name: string) {
    this.name = name;
  }

  add(node: GraphNode): GraphNode {
    this.claim(node.name, 'node');
    for (const store of node.stores) {
      const known = this.#stores.get(store.name);
      if (known === undefined ? this.#globalTables.some((each) => each.store === store.name) : known !== store) {
        this.#storeUsedTwice(store.name);
      }
      if (known !== store) this.#storeDeclared(store);
      this.#stores.set(store.name, store);
    }
    this.#nodes.push(node);
    return node;
  }

  addGlobalTable(table: GlobalTableSpec): void {
    this.claim(table.name, 'global table');
    if (this.#stores.has(table.store) || this.#globalTables.some((each) => each.store === table.store)) {
      this.#storeUsedTwice(table.store);
    }
    this.#checkName(table.store, 'store');
    this.#globalTables.push(table);
  }

  /** Says that all sources above the given nodes must have the same number of partitions. */
  coPartition(nodes: readonly GraphNode[]): void {
    this.#coPartitioned.push(nodes);
  }

  claim(name: string, what: string): void {
    if (this.#checkName(name, what) && this.#names.has(name)) {
      this.problems.push(`the name '${name}' is used twice: names are permanent and must be unique in a topology`);
    }
    this.#names.add(name);
  }

  /**
   * Whether a stream below an operator that changes keys is repartitioned already: a problem, as both would be written to one
   * topic.
   */
  isRepartitioned(rekeyedBy: string): boolean {
    const isTaken = this.#nodes.some(({ sink }) => sink?.isRepartition === true && sink.topic === rekeyedBy);
    if (isTaken) {
      this.problems.push(
        `two streams below '${rekeyedBy}', which changes the key, are grouped or joined: give each a topic by .repartition('name') before`,
      );
    }
    return isTaken;
  }

  /** Whether any operator below a node, also beyond repartition topics, keeps records without a key. */
  keepsNullKeysBelow(node: GraphNode): boolean {
    const { sink } = node;
    const below = this.#nodes.filter(
      ({ parents, source }) =>
        parents.includes(node) ||
        (sink?.isRepartition === true && source?.isRepartition === true && source.topic === sink.topic),
    );
    return below.some((each) => each.keepsNullKeys === true || this.keepsNullKeysBelow(each));
  }

  /** @throws {TopologyError} (stop-app) listing every problem. */
  build(): Topology {
    const problems = [...this.problems];
    if (this.#nodes.every((node) => node.source === undefined))
      problems.push('it reads no topic: declare a stream or a table');
    problems.push(...this.#topicsReadTwice(), ...this.#strangers(), ...this.#cachedVersions());
    problems.push(...problemsOfSerdes(this.#nodes, this.#globalTables));
    if (problems.length > 0) throw new TopologyError(this.name, problems);
    return new Topology(this.name, this.#partition(), this.#globalTables, this.idleAdvance);
  }

  #storeDeclared(store: StoreSpec): void {
    this.#checkName(store.name, 'store');
    this.problems.push(...(store.problems ?? []));
  }

  /** @returns whether it can be a name. */
  #checkName(name: string, what: string): boolean {
    const isName = /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name);
    if (!isName) this.problems.push(`'${name}' cannot be the name of a ${what}: use letters, digits, '.', '_' and '-'`);
    return isName;
  }

  /** Streams and tables of another topology: nothing calls from one to the other. */
  #strangers(): string[] {
    const own = new Set(this.#nodes);
    const problems = this.#nodes.flatMap((node) => {
      return node.parents
        .filter((parent) => !own.has(parent))
        .map(
          (parent) => `'${node.name}' reads '${parent.name}' of another topology: write that to a topic, and read it`,
        );
    });
    const read = new Set(this.#nodes.flatMap(({ parents }) => parents));
    const joined = this.#coPartitioned.flatMap((group) => group.filter((node) => !own.has(node) && !read.has(node)));
    for (const { name } of new Set(joined)) {
      problems.push(`a join looks up '${name}' of another topology: write that to a topic, and read it here`);
    }
    return problems;
  }

  #cachedVersions(): string[] {
    return [...this.#stores.values()]
      .filter(({ kind, isCached }) => kind === 'versioned' && isCached)
      .map(({ name }) => `the store '${name}' keeps versions, so it cannot be cached: leave out one of them`);
  }

  #storeUsedTwice(name: string): void {
    this.problems.push(`the store name '${name}' is used twice: give each store a name of its own`);
  }

  #topicsReadTwice(): string[] {
    const seen = new Set<string>();
    const twice = new Set<string>();
    for (const { source } of this.#nodes) {
      if (source === undefined) continue;
      const key = `${source.isRepartition} ${source.topic}`;
      if (seen.has(key)) twice.add(source.topic);
      seen.add(key);
    }
    const sources = this.#nodes.flatMap(({ source }) => source ?? []);
    const matched = sources.flatMap(({ node, topic, pattern }) =>
      sources
        .filter((each) => pattern !== undefined && !each.isRepartition && patternMatches(pattern, each.topic))
        .map(
          (each) =>
            `the topic '${each.topic}' is read by '${each.node}', and matches ${topic} of '${node}': leave it out of the pattern`,
        ),
    );
    return [...twice]
      .map((topic) => `the topic '${topic}' is read by two nodes: read it once and use the stream twice`)
      .concat(matched);
  }

  /** Splits the graph into the parts that no call and no store connects. */
  #partition(): SubTopology[] {
    const root = new Map<GraphNode, GraphNode>(this.#nodes.map((node) => [node, node]));
    const find = (node: GraphNode): GraphNode => {
      const above = root.get(node) as GraphNode;
      return above === node ? node : find(above);
    };
    const byStore = new Map<string, GraphNode>();
    for (const node of this.#nodes) {
      for (const parent of node.parents) root.set(find(node), find(parent));
      for (const store of node.stores) {
        const sharing = byStore.get(store.name);
        if (sharing === undefined) byStore.set(store.name, node);
        else root.set(find(node), find(sharing));
      }
    }
    const groups = new Map<GraphNode, GraphNode[]>();
    for (const node of this.#nodes) groups.set(find(node), [...(groups.get(find(node)) ?? []), node]);
    return [...groups.values()].map((nodes, id) => this.#subTopology(id, nodes));
  }

  #subTopology(id: number, nodes: readonly GraphNode[]): SubTopology {
    const stores = [...new Map(nodes.flatMap((node) => node.stores).map((store) => [store.name, store])).values()];
    return {
      id,
      nodes,
      sources: nodes.flatMap((node) => (node.source === undefined ? [] : [node.source])),
      sinks: nodes.flatMap((node) => (node.sink === undefined ? [] : [node.sink])),
      stores,
      coPartitionGroups: this.#coPartitioned
        .filter((group) => group.some((node) => nodes.includes(node)))
        .map((group) => [...new Set(group.flatMap((node) => sourceTopicsAbove(node)))]),
      isStateful: stores.length > 0,
    };
  }
}

function sourceTopicsAbove(node: GraphNode): string[] {
  return node.source === undefined ? node.parents.flatMap(sourceTopicsAbove) : [node.source.topic];
}
