import { goesOnAfterFailures, resolveErrorPolicy, type ErrorPolicy } from '../task/error-policy.js';
import { TopologyError } from '../errors/topology-error.js';
import { bytes, json } from '../serde/serdes.js';
import type { Serde } from '../serde/serde.js';
import type { WaitingCounts } from '../task/waiting-keys.js';
import type { SourceSpec, StoreSpec } from './specs.js';
import { Topology, type SubTopology } from './topology.js';

/** What an error policy adds to a source: the retry topics that it also reads, and the stores that a restart needs. */
export interface SourceRecovery {
  readonly source: SourceSpec;
  /** How long a record waits in each of the retry topics, in milliseconds; the n-th is `<applicationId>-<source>-retry-<n>`, from 1. */
  readonly delaysMs: readonly number[];
  /** The store of the keys that wait, where their order is kept. */
  readonly waitingKeys: string | undefined;
  /** A table that is restored from its topic, and the store of the rows that differ from it because a record failed. */
  readonly table: { readonly store: string; readonly exceptions: string } | undefined;
}

/**
 * The topology as it is run under an error policy: with what its sources need to try records again and, for tables, to let a
 * restart restore the rows without the records that failed. The topology itself where the policy never goes on after a failure.
 *
 * @throws {ConfigurationError} (stop-app) naming everything that is wrong with the policy.
 * @throws {TopologyError} (stop-app) for a table or store name that the policy cannot be applied to.
 */
export function withErrorPolicy(topology: Topology, policy: Partial<ErrorPolicy>): Topology {
  const resolved = resolveErrorPolicy(policy);
  if (!goesOnAfterFailures(resolved)) return topology;
  const problems: string[] = [];
  const taken = new Set(topology.subTopologies.flatMap((sub) => sub.stores.map(({ name }) => name)));
  const subTopologies = topology.subTopologies.map((sub): SubTopology => {
    const recovery = sub.sources.flatMap((source): SourceRecovery[] => {
      const delaysMs = resolved.retryTopic?.delaysMs ?? [];
      const table = tableOf(sub, source, problems);
      const isOrdered = delaysMs.length > 0 && (resolved.retryTopic?.order === 'per-key' || source.isTable);
      const waitingKeys = isOrdered ? `${source.node}-waiting-keys` : undefined;
      return delaysMs.length === 0 && table === undefined ? [] : [{ source, delaysMs, waitingKeys, table }];
    });
    const added = recovery.flatMap(({ waitingKeys, table }) => [
      ...(waitingKeys === undefined ? [] : [internalStore(waitingKeys, json<WaitingCounts>())]),
      ...(table === undefined ? [] : [internalStore(table.exceptions, bytes)]),
    ]);
    for (const { name } of added) {
      if (taken.has(name))
        problems.push(`the store name '${name}' is needed by the error policy: give that store another`);
    }
    const stores = [...sub.stores, ...added];
    return recovery.length === 0 ? sub : { ...sub, stores, recovery, isStateful: stores.length > 0 };
  });
  if (problems.length > 0) throw new TopologyError(topology.name, problems);
  return new Topology(topology.name, subTopologies, topology.globalTables, topology.idleAdvance);
}

function tableOf(sub: SubTopology, source: SourceSpec, problems: string[]): SourceRecovery['table'] {
  const store = source.isTable ? sub.stores.find(({ sourceTopic }) => sourceTopic === source.topic) : undefined;
  if (store === undefined) return undefined;
  if (store.kind === 'versioned') {
    problems.push(
      `the versioned table '${source.node}' is restored from its topic, so its history would come back with the records that the error policy left out: read the topic as a stream and make a table of it`,
    );
  }
  return { store: store.name, exceptions: `${store.name}-exceptions` };
}

function internalStore<V>(name: string, value: Serde<V>): StoreSpec {
  return {
    name,
    kind: 'key-value',
    key: bytes,
    value,
    windowSizeMs: 0,
    retentionMs: Infinity,
    isFetchedByKey: false,
    isCached: false,
    engine: undefined,
    isLogged: true,
    sourceTopic: undefined,
  };
}
