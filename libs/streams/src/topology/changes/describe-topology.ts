import type { SourceRecovery } from '../recovery.js';
import { hasChangelog, type GraphNode, type SourceSpec, type StoreSpec } from '../specs.js';
import type { SubTopology, Topology } from '../topology.js';
import {
  DESCRIPTION_FORMAT,
  DESCRIPTION_VERSION,
  type SourceDescription,
  type StoreDescription,
  type SubTopologyDescription,
  type TopologyDescription,
} from './topology-description.js';

/** Stands for the application's id, which a topology does not know. */
const APPLICATION_ID = '<applicationId>';

/** The permanent names of a topology and the facts that go with them. Equal topologies have equal descriptions. */
export function describeTopology(topology: Topology): TopologyDescription {
  return {
    format: DESCRIPTION_FORMAT,
    version: DESCRIPTION_VERSION,
    topology: topology.name,
    idleAdvance: topology.idleAdvance?.name ?? null,
    globalTables: topology.globalTables.map(({ name, topic, store, key, value }) => ({
      name,
      topic,
      store,
      key: key.name,
      value: value.name,
    })),
    subTopologies: topology.subTopologies.map((sub) => describeSubTopology(topology, sub)),
  };
}

function describeSubTopology(topology: Topology, sub: SubTopology): SubTopologyDescription {
  const full = (spec: { topic: string; isRepartition: boolean }): string =>
    topology.topicName(APPLICATION_ID, spec.topic, spec.isRepartition);
  const fullByTopic = new Map(sub.sources.map((source) => [source.topic, full(source)]));
  const recoveryOf = (source: SourceSpec): SourceRecovery | undefined =>
    sub.recovery?.find((each) => each.source === source);
  return {
    id: sub.id,
    sources: sub.sources.map((source) => ({
      name: source.node,
      topic: full(source),
      kind: source.isRepartition ? 'repartition' : source.isTable ? 'table' : 'stream',
      key: source.key.name,
      value: source.value.name,
      retry: describeRecovery(recoveryOf(source)),
    })),
    operators: sub.nodes
      .filter(({ kind }) => kind === 'processor')
      .map((node) => ({
        name: node.name,
        parents: node.parents.map(({ name }) => name),
        stores: node.stores.map(({ name }) => name),
        globalTables: [...node.globalTables],
        detail: node.detail ?? null,
      })),
    sinks: sub.nodes.flatMap(({ sink, parents }) => {
      if (sink === undefined) return [];
      const { node: name, key, value } = sink;
      return [{ name, topic: full(sink), key: key.name, value: value.name, parents: parents.map((each) => each.name) }];
    }),
    stores: sub.stores.map((store) => describeStore(sub, store, full)),
    coPartitioned: sub.coPartitionGroups.map((group) => group.map((topic) => fullByTopic.get(topic) ?? topic)),
  };
}

function describeRecovery(recovery: SourceRecovery | undefined): SourceDescription['retry'] {
  if (recovery === undefined) return null;
  return {
    delaysMs: [...recovery.delaysMs],
    waitingKeys: recovery.waitingKeys ?? null,
    exceptions: recovery.table?.exceptions ?? null,
  };
}

function describeStore(sub: SubTopology, store: StoreSpec, full: (source: SourceSpec) => string): StoreDescription {
  const users = sub.nodes.filter((node) => node.stores.some(({ name }) => name === store.name));
  const recovery = sub.recovery?.find(
    ({ waitingKeys, table }) => waitingKeys === store.name || table?.exceptions === store.name,
  );
  const inputs =
    recovery === undefined ? users.flatMap((node) => sourcesAbove(node).map(full)) : [full(recovery.source)];
  return {
    name: store.name,
    kind: store.kind,
    key: store.key.name,
    value: store.value.name,
    changelog: store.sourceTopic === undefined ? (hasChangelog(store) ? 'own' : 'none') : 'source-topic',
    sourceTopic: store.sourceTopic ?? null,
    windows: store.windows ?? null,
    windowSizeMs: store.windowSizeMs,
    retentionMs: Number.isFinite(store.retentionMs) ? store.retentionMs : null,
    inputs: [...new Set(inputs)].sort(),
    operators: users.map(({ name }) => name).sort(),
  };
}

function sourcesAbove({ source, parents }: GraphNode): SourceSpec[] {
  return source === undefined ? parents.flatMap(sourcesAbove) : [source];
}
