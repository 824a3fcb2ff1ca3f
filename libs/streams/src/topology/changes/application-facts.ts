import type {
  GlobalTableDescription,
  OperatorDescription,
  SinkDescription,
  SourceDescription,
  StoreDescription,
  SubTopologyDescription,
  TopologyDescription,
} from './topology-description.js';

/** A part of a description with where it stands. */
export interface Placed<T> {
  readonly topology: string;
  readonly sub: SubTopologyDescription;
  readonly it: T;
}

/** The task that a part belongs to, but for its partition: `<topology>/<sub-topology>`. */
export function tasksOf({ topology, sub }: Placed<unknown>): string {
  return `${topology}/${sub.id}`;
}

/**
 * All topologies of an application, by what is unique in it: names of stores and topics do not tell which of its topologies they
 * belong to, so neither does a comparison.
 */
export interface ApplicationFacts {
  readonly topologies: ReadonlySet<string>;
  readonly stores: ReadonlyMap<string, Placed<StoreDescription>>;
  /** By topic. */
  readonly sources: ReadonlyMap<string, Placed<SourceDescription>>;
  /** By `<topology>/<name>`, as are sinks and global tables. */
  readonly operators: ReadonlyMap<string, Placed<OperatorDescription>>;
  readonly sinks: ReadonlyMap<string, Placed<SinkDescription>>;
  readonly globalTables: ReadonlyMap<string, GlobalTableDescription>;
  readonly idleAdvances: ReadonlyMap<string, string | null>;
}

/** Orders what descriptions say. */
export function factsOf(topologies: readonly TopologyDescription[]): ApplicationFacts {
  const placed = <T>(
    partsOf: (sub: SubTopologyDescription) => readonly T[],
    keyOf: (part: T, topology: string) => string,
  ): ReadonlyMap<string, Placed<T>> =>
    new Map(
      topologies.flatMap(({ topology, subTopologies }) =>
        subTopologies.flatMap((sub) =>
          partsOf(sub).map((it): [string, Placed<T>] => [keyOf(it, topology), { topology, sub, it }]),
        ),
      ),
    );
  const inTopology = ({ name }: { readonly name: string }, topology: string): string => `${topology}/${name}`;
  return {
    topologies: new Set(topologies.map(({ topology }) => topology)),
    stores: placed(
      ({ stores }) => stores,
      ({ name }) => name,
    ),
    sources: placed(
      ({ sources }) => sources,
      ({ topic }) => topic,
    ),
    operators: placed(({ operators }) => operators, inTopology),
    sinks: placed(({ sinks }) => sinks, inTopology),
    globalTables: new Map(
      topologies.flatMap(({ topology, globalTables }) =>
        globalTables.map((each) => [inTopology(each, topology), each]),
      ),
    ),
    idleAdvances: new Map(topologies.map(({ topology, idleAdvance }) => [topology, idleAdvance])),
  };
}
