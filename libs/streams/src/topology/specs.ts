import type { Serde } from '../serde/serde.js';
import type { CustomStoreEnvironment, StateStore } from '../store/state-store.js';
import type { ProcessorNode } from '../processor/processor-node.js';
import type { NodeEnvironment } from '../processor/node-environment.js';

/** A topic that a sub-topology reads. */
export interface SourceSpec {
  readonly node: string;
  /** The topic's name; for a repartition topic the developer's name, which {@link Topology.topicName} completes. */
  readonly topic: string;
  /** Reads all topics that match, in place of one: {@link topic} is its text then. */
  readonly pattern?: RegExp;
  readonly isRepartition: boolean;
  readonly key: Serde<unknown>;
  readonly value: Serde<unknown>;
  /** Whether records feed a table: such a source is restored from its own topic and takes tombstones. */
  readonly isTable: boolean;
}

/** A topic that a sub-topology writes. */
export interface SinkSpec {
  readonly node: string;
  readonly topic: string;
  readonly isRepartition: boolean;
  readonly key: Serde<unknown>;
  readonly value: Serde<unknown>;
  /** Chooses the output partition; by the key's bytes where it is not given, as Kafka's default partitioner does. */
  readonly partitionOf?: (key: unknown, value: unknown) => number;
}

/** What a store holds, which decides what its changelog looks like. */
export type StoreKind =
  | 'key-value'
  | 'versioned'
  | 'window'
  | 'session'
  | 'join-window'
  | 'join-unmatched'
  | 'suppress-buffer'
  | 'time-buffer'
  | 'subscriptions'
  | 'custom';

/** A store of a sub-topology; each of its tasks has one. */
export interface StoreSpec {
  /** Permanent name; the changelog is `<applicationId>-<name>-changelog`. */
  readonly name: string;
  readonly kind: StoreKind;
  readonly key: Serde<unknown>;
  readonly value: Serde<unknown>;
  /** Size of the windows in milliseconds; 0 for a store without windows. */
  readonly windowSizeMs: number;
  /**
   * The windows that its rows belong to, as a text without the grace; undefined for a store without. Rows of other windows are of
   * no use to an operator.
   */
  readonly windows?: string | undefined;
  /**
   * How long rows are kept, in milliseconds of stream time: after their window's start or session's end, or as the history of
   * a versioned store; `Infinity` for a store without time.
   */
  readonly retentionMs: number;
  /** Whether windows are looked up by key and time, which costs an index. */
  readonly isFetchedByKey: boolean;
  /** Whether only the last update of a key since the previous commit is forwarded and logged. Default false. */
  readonly isCached: boolean;
  /** What keeps the store: `memory`, or an engine by its name; undefined for the application's default. */
  readonly engine: string | undefined;
  /** Makes the store of a task, for one of the user's own kind. */
  readonly create?: (environment: CustomStoreEnvironment) => StateStore;
  /** Whether its changes are written to a changelog of its own. */
  readonly isLogged: boolean;
  /** The source topic that doubles as changelog: a table read from a topic needs no second copy of it. */
  readonly sourceTopic: string | undefined;
  /** What is wrong with how it was declared, for the list of a topology's problems. */
  readonly problems?: readonly string[];
}

/** Whether a store writes a changelog of its own: one that is a copy of a topic needs none. */
export function hasChangelog({ isLogged, sourceTopic }: StoreSpec): boolean {
  return isLogged && sourceTopic === undefined;
}

/** A table that every task sees whole. */
export interface GlobalTableSpec {
  readonly name: string;
  readonly topic: string;
  readonly store: string;
  readonly key: Serde<unknown>;
  readonly value: Serde<unknown>;
}

/** A node of the graph that the DSL builds. */
export interface GraphNode {
  readonly name: string;
  readonly kind: 'source' | 'processor' | 'sink';
  readonly parents: readonly GraphNode[];
  readonly stores: readonly StoreSpec[];
  readonly source?: SourceSpec;
  readonly sink?: SinkSpec;
  /** Names of the global tables that it reads. */
  readonly globalTables: readonly string[];
  /** A text for `describe()` beside the name, such as `tumbling 1h, grace 2d`. */
  readonly detail?: string;
  /** Whether it keeps records without a key, as a left join does: a repartition topic above it must not drop them (KIP-962). */
  readonly keepsNullKeys?: boolean;
  /** How long a call of this operator to the outside may take, tries and pauses included, in milliseconds. */
  readonly longestCallMs?: number;
  /**
   * Whether it loses records at least once: a crash between its changelog and its output, and it takes the repetition of a record
   * for one that it has passed on.
   */
  readonly needsExactlyOnce?: boolean;
  /** Makes the node of one task. */
  readonly create: (environment: NodeEnvironment) => ProcessorNode;
}
