/** Names the format of {@link TopologyDescription} in files and topics. */
export const DESCRIPTION_FORMAT = 'millrace-topology';
/** The version of the format that this engine writes, and the greatest that it reads. */
export const DESCRIPTION_VERSION = 1;

/**
 * What of a topology outlives a process: every permanent name, and the facts that decide whether what stands under a name can
 * be used by another version of the topology. Plain data; what keeps a store (heap, LMDB) and what only tunes it (caching, delays of
 * idle advance) is not in it.
 */
export interface TopologyDescription {
  readonly format: typeof DESCRIPTION_FORMAT;
  readonly version: typeof DESCRIPTION_VERSION;
  readonly topology: string;
  /** Name of the idle advance; null where none was asked for. */
  readonly idleAdvance: string | null;
  readonly globalTables: readonly GlobalTableDescription[];
  readonly subTopologies: readonly SubTopologyDescription[];
}

/** Topics are named as `Topology.describe()` names them: internal ones begin with `<applicationId>-`. */
export interface SubTopologyDescription {
  /** The number that is part of the names of its tasks. */
  readonly id: number;
  readonly sources: readonly SourceDescription[];
  readonly operators: readonly OperatorDescription[];
  readonly sinks: readonly SinkDescription[];
  readonly stores: readonly StoreDescription[];
  /** Groups of source topics that must have the same number of partitions. */
  readonly coPartitioned: readonly (readonly string[])[];
}

/** A topic that is read. Serdes stand here by their names. */
export interface SourceDescription {
  readonly name: string;
  readonly topic: string;
  readonly kind: 'stream' | 'table' | 'repartition';
  readonly key: string;
  readonly value: string;
  /** What an error policy adds; null without one. */
  readonly retry: RetryDescription | null;
}

/** The retry topics `<applicationId>-<source>-retry-<n>` of a source, and the stores that go with them. */
export interface RetryDescription {
  readonly delaysMs: readonly number[];
  readonly waitingKeys: string | null;
  readonly exceptions: string | null;
}

/** An operator; `detail` is what `describe()` shows beside its name. */
export interface OperatorDescription {
  readonly name: string;
  readonly parents: readonly string[];
  readonly stores: readonly string[];
  readonly globalTables: readonly string[];
  readonly detail: string | null;
}

/** A topic that is written. */
export interface SinkDescription {
  readonly name: string;
  readonly topic: string;
  readonly key: string;
  readonly value: string;
  readonly parents: readonly string[];
}

/** A store of a sub-topology. */
export interface StoreDescription {
  readonly name: string;
  readonly kind: string;
  readonly key: string;
  readonly value: string;
  /** Where it is restored from: a changelog of its own, the topic that it is a copy of, or nothing. */
  readonly changelog: 'own' | 'source-topic' | 'none';
  readonly sourceTopic: string | null;
  /** The windows that rows belong to, without grace, such as `tumbling 3600000 ms`; null for a store without. */
  readonly windows: string | null;
  /** In milliseconds; 0 for a store without windows. */
  readonly windowSizeMs: number;
  /** In milliseconds; null where rows are kept for ever. */
  readonly retentionMs: number | null;
  /** The topics above the operators that use it: rows are in the partition that these say. Sorted. */
  readonly inputs: readonly string[];
  /** The operators that use it. Sorted. */
  readonly operators: readonly string[];
}

/** A table that every task sees whole; read anew at each start. */
export interface GlobalTableDescription {
  readonly name: string;
  readonly topic: string;
  readonly store: string;
  readonly key: string;
  readonly value: string;
}
