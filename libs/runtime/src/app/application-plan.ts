import { hasChangelog, type ChangelogOptions, type SubTopology, type Topology } from '@millrace/streams';
import {
  partitionKey,
  type SubTopologyLayout,
  type TaskPlacement,
  type TopicPartition,
} from '../assignment/task-layout.js';
import { MatchedTopics } from '../topics/matched-topics.js';
import type { InternalTopic } from '../topics/topic-plan.js';

/** A sub-topology with what the runtime derives from it; topics by their names in Kafka. */
export interface PlannedSubTopology {
  readonly topology: Topology;
  readonly subTopology: SubTopology;
  readonly layout: SubTopologyLayout;
  /** Topics that its tasks write to, changelogs included. */
  readonly outputs: readonly string[];
  readonly coPartitionGroups: readonly (readonly string[])[];
  /** How long a task must be idle before stream time is advanced, in milliseconds; `undefined` where nobody asked for that. */
  readonly idleAfterMs: number | undefined;
}

/** What an application consists of, derived from its topologies: everything that does not depend on the cluster. */
export interface ApplicationPlan {
  readonly subTopologies: readonly PlannedSubTopology[];
  /** Topics that others own: must exist. */
  readonly externalTopics: readonly string[];
  /** Topics that the tasks read, retry topics included. */
  readonly sourceTopics: readonly string[];
  /** Those whose records can become dead letters: a record in a retry topic still belongs to the topic that it came from. */
  readonly deadLetterSources: readonly string[];
  readonly globalTopics: readonly string[];
  /** With labels of patterns among the topics that they follow. */
  readonly internalTopics: readonly InternalTopic[];
  /** What the patterns match; {@link externalTopics}, {@link sourceTopics} and {@link deadLetterSources} grow with it. */
  readonly matched: MatchedTopics;
}

/** The time that a downstream part waits beyond its upstream, in milliseconds, for what that one emits when it is idle. */
const IDLE_MARGIN_MS = 500;

/**
 * Derives the plan.
 *
 * @param problems Takes a sentence for everything that topologies must not share.
 */
export function planApplication(
  applicationId: string,
  topologies: readonly Topology[],
  problems: string[],
  changelogs: ChangelogOptions = {},
): ApplicationPlan {
  const sources = topologies.flatMap((topology) => topology.subTopologies.flatMap((each) => each.sources));
  const matched = new MatchedTopics(applicationId, sources);
  const subTopologies = topologies.flatMap((topology) =>
    topology.subTopologies.map((subTopology) => planSubTopology(applicationId, topology, subTopology, matched)),
  );
  const internalTopics = topologies.flatMap((topology) => topology.internalTopics(applicationId, changelogs));
  problemsOfSharing(applicationId, subTopologies, internalTopics, problems);
  const internal = new Set(internalTopics.map(({ name }) => name));
  const sourceTopics = (): string[] => unique(subTopologies.flatMap(({ layout }) => layout.topics));
  const retryTopics = new Set(internalTopics.filter(({ kind }) => kind === 'retry').map(({ name }) => name));
  const globalTopics = unique(topologies.flatMap(({ globalTables }) => globalTables.map(({ topic }) => topic)));
  const outputs = subTopologies.flatMap((each) => each.outputs);
  return {
    subTopologies,
    get externalTopics() {
      return unique([...sourceTopics(), ...globalTopics, ...outputs]).filter((name) => !internal.has(name));
    },
    get sourceTopics() {
      return sourceTopics();
    },
    get deadLetterSources() {
      return sourceTopics().filter((name) => !retryTopics.has(name));
    },
    globalTopics,
    internalTopics,
    matched,
  };
}

/** The tasks all partitions of which are among `partitions`. */
export function placementsAmong(
  tasks: readonly TaskPlacement[],
  partitions: readonly TopicPartition[],
): readonly TaskPlacement[] {
  const owned = new Set(partitions.map(({ topic, partition }) => partitionKey(topic, partition)));
  return tasks.filter((task) =>
    task.partitions.every(({ topic, partition }) => owned.has(partitionKey(topic, partition))),
  );
}

function planSubTopology(
  applicationId: string,
  topology: Topology,
  subTopology: SubTopology,
  matched: MatchedTopics,
): PlannedSubTopology {
  const { id, sources, sinks, stores, isStateful } = subTopology;
  const full = (topic: string, isRepartition: boolean): string =>
    topology.topicName(applicationId, topic, isRepartition);
  const labels = sources.flatMap(({ topic, pattern }) => (pattern === undefined ? [] : [topic]));
  const fixed = sources.filter(({ pattern }) => pattern === undefined);
  const fullByTopic = new Map(fixed.map(({ topic, isRepartition }) => [topic, full(topic, isRepartition)]));
  const changelogs = stores.filter(hasChangelog).map((store) => topology.changelogName(applicationId, store));
  const retryTopics = topology.retryTopicNames(applicationId, subTopology);
  return {
    topology,
    subTopology,
    layout: {
      key: `${topology.name}/${id}`,
      get topics() {
        return [...fullByTopic.values(), ...retryTopics, ...labels.flatMap((label) => matched.topicsOf(label))];
      },
      isStateful,
      ...(labels.length > 0 && { isMatched: (topic: string) => labels.some((label) => matched.matches(label, topic)) }),
    },
    outputs: unique([
      ...sinks.map(({ topic, isRepartition }) => full(topic, isRepartition)),
      ...changelogs,
      ...retryTopics,
    ]),
    coPartitionGroups: subTopology.coPartitionGroups.map((group) =>
      group.map((topic) => fullByTopic.get(topic) ?? topic),
    ),
    idleAfterMs: idleAfterMs(topology, subTopology),
  };
}

/**
 * A part that reads what another part of the topology writes must outwait it: what that one emits when it is found idle
 * must arrive before this one closes its own windows.
 */
function idleAfterMs(topology: Topology, subTopology: SubTopology): number | undefined {
  const { idleAdvance } = topology;
  if (idleAdvance === undefined) return undefined;
  const depthOf = (part: SubTopology, below: readonly SubTopology[]): number => {
    const upstream = topology.subTopologies.filter(
      (each) =>
        !below.includes(each) &&
        each !== part &&
        part.sources.some((source) =>
          each.sinks.some((sink) => sink.isRepartition && source.isRepartition && sink.topic === source.topic),
        ),
    );
    return Math.max(0, ...upstream.map((each) => 1 + depthOf(each, [...below, part])));
  };
  const depth = depthOf(subTopology, []);
  return idleAdvance.afterMs * (1 + depth) + IDLE_MARGIN_MS * depth;
}

function problemsOfSharing(
  applicationId: string,
  subTopologies: readonly PlannedSubTopology[],
  internalTopics: readonly InternalTopic[],
  problems: string[],
): void {
  const topics = subTopologies.flatMap(({ layout }) => layout.topics);
  for (const topic of repeated(topics)) {
    problems.push(
      `topic '${topic}' is read by two sub-topologies, but a group has one offset per partition: run one of the topologies under another applicationId`,
    );
  }
  for (const name of repeated(internalTopics.map((each) => each.name))) {
    problems.push(`two topologies have a store or repartition behind '${name}': give one of them another name`);
  }
  const changelogs = new Set(repeated(internalTopics.map((each) => each.name)));
  const stores = subTopologies.flatMap(({ topology, subTopology }) =>
    subTopology.stores.map((store) => ({ topology, store })),
  );
  for (const name of repeated(stores.map(({ store }) => store.name))) {
    const same = stores.filter(({ store }) => store.name === name);
    if (same.some(({ topology, store }) => changelogs.has(topology.changelogName(applicationId, store)))) continue;
    problems.push(
      `two topologies have a store named '${name}', which queries could not tell apart: give one of them another name`,
    );
  }
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}

function repeated(names: readonly string[]): string[] {
  return unique(names.filter((name, nth) => names.indexOf(name) !== nth));
}
