import { changelogConfigs, type ChangelogOptions } from './changelog-configs.js';
import { describeAsMermaid, describeAsText } from './describe.js';
import {
  hasChangelog,
  type GlobalTableSpec,
  type GraphNode,
  type SinkSpec,
  type SourceSpec,
  type StoreSpec,
} from './specs.js';
import type { SourceRecovery } from './recovery.js';

/** A part of a topology whose nodes are joined by calls; parts are joined by topics. One task a partition. */
export interface SubTopology {
  readonly id: number;
  /** In the order of declaration: parents before children. */
  readonly nodes: readonly GraphNode[];
  readonly sources: readonly SourceSpec[];
  readonly sinks: readonly SinkSpec[];
  readonly stores: readonly StoreSpec[];
  /** Groups of source topics (as in {@link SourceSpec.topic}) that must have the same number of partitions. */
  readonly coPartitionGroups: readonly (readonly string[])[];
  readonly isStateful: boolean;
  /** What an error policy adds; see `withErrorPolicy`. */
  readonly recovery?: readonly SourceRecovery[];
}

/** Idle advance of stream time, as `TopologyBuilder.idleAdvance` asked for it. */
export interface IdleAdvance {
  readonly name: string;
  readonly afterMs: number;
}

/** A topic that the application owns. */
export interface InternalTopic {
  readonly name: string;
  readonly kind: 'changelog' | 'repartition' | 'retry';
  /** Topics the greatest of whose partition counts decides. */
  readonly partitionsLike: readonly string[];
  readonly partitions?: number | undefined;
  readonly configs: Readonly<Record<string, string>>;
}

/** A validated graph, ready to be run by the runtime or the test driver. */
export class Topology {
  readonly name: string;
  readonly subTopologies: readonly SubTopology[];
  readonly globalTables: readonly GlobalTableSpec[];
  readonly idleAdvance: IdleAdvance | undefined;

  constructor(
    name: string,
    subTopologies: readonly SubTopology[],
    globalTables: readonly GlobalTableSpec[],
    idleAdvance: IdleAdvance | undefined,
  ) {
    this.name = name;
    this.subTopologies = subTopologies;
    this.globalTables = globalTables;
    this.idleAdvance = idleAdvance;
  }

  /** Full name of a topic: a repartition topic is `<applicationId>-<name>-repartition`. */
  topicName(applicationId: string, topic: string, isRepartition: boolean): string {
    return isRepartition ? `${applicationId}-${topic}-repartition` : topic;
  }

  /** Name of a store's changelog: `<applicationId>-<store>-changelog`, or the topic that a table is read from. */
  changelogName(applicationId: string, store: StoreSpec): string {
    return store.sourceTopic ?? `${applicationId}-${store.name}-changelog`;
  }

  /** Full name of a source's n-th retry topic, from 1: `<applicationId>-<source>-retry-<n>`. */
  retryTopicName(applicationId: string, source: SourceSpec, nth: number): string {
    return `${applicationId}-${source.node}-retry-${nth}`;
  }

  /** The names of the retry topics that a sub-topology reads and writes. */
  retryTopicNames(applicationId: string, { recovery = [] }: SubTopology): string[] {
    return recovery.flatMap(({ source, delaysMs }) =>
      delaysMs.map((_delay, nth) => this.retryTopicName(applicationId, source, nth + 1)),
    );
  }

  /** The topics that must exist besides the developer's own. */
  internalTopics(applicationId: string, changelogs: ChangelogOptions = {}): InternalTopic[] {
    const full = (spec: { topic: string; isRepartition: boolean }): string =>
      this.topicName(applicationId, spec.topic, spec.isRepartition);
    const topics = new Map<string, InternalTopic>();
    for (const sub of this.subTopologies) {
      for (const sink of sub.sinks) {
        if (!sink.isRepartition) continue;
        const reader = this.subTopologies.find((each) =>
          each.sources.some((source) => source.isRepartition && source.topic === sink.topic),
        );
        const group = reader?.coPartitionGroups.find((each) => each.includes(sink.topic)) ?? [];
        const siblings = (reader?.sources ?? []).filter((each) => group.includes(each.topic) && !each.isRepartition);
        const like = siblings.length > 0 ? siblings : sub.sources;
        const name = full(sink);
        topics.set(name, { name, kind: 'repartition', partitionsLike: like.map(full), configs: {} });
      }
      for (const store of sub.stores) {
        if (!hasChangelog(store)) continue;
        const name = this.changelogName(applicationId, store);
        const configs = changelogConfigs(store, changelogs);
        topics.set(name, { name, kind: 'changelog', partitionsLike: sub.sources.map(full), configs });
      }
    }
    for (const { recovery = [] } of this.subTopologies) {
      for (const { source, delaysMs } of recovery) {
        for (let nth = 1; nth <= delaysMs.length; nth++) {
          const name = this.retryTopicName(applicationId, source, nth);
          topics.set(name, { name, kind: 'retry', partitionsLike: [full(source)], configs: {} });
        }
      }
    }
    return [...topics.values()];
  }

  /** The graph for people: the text of Kafka's `TopologyDescription`, or a Mermaid flowchart. */
  describe(format: 'text' | 'mermaid' = 'text'): string {
    return format === 'text' ? describeAsText(this) : describeAsMermaid(this);
  }
}
