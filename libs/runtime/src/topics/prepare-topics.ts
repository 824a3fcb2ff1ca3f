import { Admin, type Cluster } from '@millrace/client';
import { ConfigurationError } from '@millrace/kernel';
import type { ApplicationPlan } from '../app/application-plan.js';
import { ensureTopics, existingPartitionCounts } from './ensure-topics.js';
import { problemsOfFit } from './topic-fit.js';
import {
  checkCoPartitioning,
  deadLetterTopic,
  planDeadLetterTopics,
  planInternalTopics,
  type PlannedTopic,
} from './topic-plan.js';

/** Whose topics are prepared, and how. */
export interface PrepareTopicsOptions {
  readonly applicationId: string;
  /** Copies of what is created; -1 for the broker's default. */
  readonly replicationFactor: number;
}

/**
 * Sees that all topics of an application are there and fit: looks first, and creates what is missing of its own only when
 * nothing is wrong.
 *
 * @returns the partitions of every topic that its tasks read or write.
 * @throws {ConfigurationError} (stop-app) listing everything that is wrong with the topics (ADR 0027).
 */
export async function prepareTopics(
  cluster: Cluster,
  plan: ApplicationPlan,
  { applicationId, replicationFactor }: PrepareTopicsOptions,
): Promise<Map<string, number>> {
  const { internalTopics, subTopologies, matched } = plan;
  if (matched.isAsked) matched.take(await new Admin(cluster).listTopics());
  const { externalTopics, deadLetterSources } = plan;
  const internalNames = internalTopics.map(({ name }) => name);
  const existing = await existingPartitionCounts(cluster, [...externalTopics, ...internalNames]);
  const problems: string[] = [];

  problems.push(...problemsOfPatterns(plan));
  const missing = externalTopics.filter((name) => !existing.has(name));
  problems.push(...missing.map((name) => `topic '${name}' does not exist${usersOf(name, plan)}: create it, or correct its name`)); // prettier-ignore
  const counts = new Map(externalTopics.flatMap((name) => pairOf(name, existing)));
  const followed = internalTopics.map((each) => ({ ...each, partitionsLike: matched.resolve(each.partitionsLike) }));
  const unmatched = patternLabels(plan).filter((label) => matched.topicsOf(label).length === 0);
  const internal = planInternalTopics(followed, counts, problems, new Set([...missing, ...unmatched]));
  for (const { name, partitions } of internal) counts.set(name, partitions);
  const groups = subTopologies.flatMap(({ coPartitionGroups }) => coPartitionGroups);
  const known = groups.map((group) => matched.resolve(group).filter((name) => counts.has(name)));
  checkCoPartitioning(known, counts, problems);
  problems.push(...(await problemsOfExisting(cluster, internal, existing)));
  if (problems.length > 0) throw new ConfigurationError(`the topics of '${applicationId}'`, problems);

  await ensureTopics(cluster, internal, replicationFactor);
  await ensureTopics(cluster, planDeadLetterTopics(deadLetterSources, counts), replicationFactor, { mayDiffer: true });
  for (const source of deadLetterSources) {
    const name = deadLetterTopic(source);
    counts.set(name, await cluster.partitionCount(name));
  }
  return counts;
}

async function problemsOfExisting(
  cluster: Cluster,
  planned: readonly PlannedTopic[],
  existing: ReadonlyMap<string, number>,
): Promise<string[]> {
  const found = planned.filter(({ name }) => existing.has(name));
  const described = await new Admin(cluster).describeTopicConfigs(found.map(({ name }) => name));
  return found.flatMap((topic) =>
    problemsOfFit(topic, {
      partitions: existing.get(topic.name) as number,
      configs: described.get(topic.name) ?? new Map<string, string | null>(),
    }),
  );
}

function patternLabels({ subTopologies }: ApplicationPlan): string[] {
  const sources = subTopologies.flatMap(({ subTopology }) => subTopology.sources);
  return sources.flatMap(({ topic, pattern }) => (pattern === undefined ? [] : [topic]));
}

/** Patterns that match nothing, and topics that are read by a pattern and otherwise too. */
function problemsOfPatterns(plan: ApplicationPlan): string[] {
  const { matched, subTopologies } = plan;
  const unmatched = patternLabels(plan)
    .filter((label) => matched.topicsOf(label).length === 0)
    .map((label) => `no topic matches ${label}${usersOf(label, plan)}: create one, or correct the pattern`);
  const read = subTopologies.flatMap(({ topology, subTopology }) =>
    subTopology.sources.flatMap(({ node, topic, pattern }) =>
      (pattern === undefined ? [topic] : matched.topicsOf(topic)).map((name) => ({
        name,
        by: `'${node}' of '${topology.name}'`,
      })),
    ),
  );
  const twice = matched.all.flatMap((name) => {
    const readers = read.filter((each) => each.name === name).map(({ by }) => by);
    return readers.length < 2 ? [] : [`topic '${name}' is read by ${readers.join(' and by ')}, but a group has one offset per partition: make the patterns narrower`]; // prettier-ignore
  });
  return [...unmatched, ...twice];
}

/** Who needs a topic, as a part of a sentence. */
function usersOf(topic: string, { subTopologies, globalTopics }: ApplicationPlan): string {
  const users = subTopologies.flatMap(({ topology, subTopology }) => [
    ...subTopology.sources
      .filter((source) => !source.isRepartition && source.topic === topic)
      .map(({ node }) => `read by '${node}' of '${topology.name}'`),
    ...subTopology.sinks
      .filter((sink) => !sink.isRepartition && sink.topic === topic)
      .map(({ node }) => `written by '${node}' of '${topology.name}'`),
  ]);
  if (globalTopics.includes(topic)) users.push('read by a global table');
  return users.length === 0 ? '' : ` (${users.join(', ')})`;
}

function pairOf(name: string, counts: ReadonlyMap<string, number>): [string, number][] {
  const count = counts.get(name);
  return count === undefined ? [] : [[name, count]];
}
