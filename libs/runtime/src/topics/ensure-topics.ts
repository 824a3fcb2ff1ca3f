import { Admin, type Cluster } from '@millrace/client';
import { ConfigurationError } from '@millrace/kernel';
import type { PlannedTopic } from './topic-plan.js';

/** How exact {@link ensureTopics} is. */
export interface EnsureTopicsOptions {
  /** A topic that exists with another number of partitions is taken as it is. Default false. */
  readonly mayDiffer?: boolean;
}

/**
 * Number of partitions of each topic.
 *
 * @throws {ConfigurationError} (stop-app) naming every topic that does not exist.
 */
export async function partitionCountsOf(cluster: Cluster, topics: readonly string[]): Promise<Map<string, number>> {
  const counts = await existingPartitionCounts(cluster, topics);
  const missing = topics.filter((name) => !counts.has(name));
  if (missing.length === 0) return counts;
  const problems = missing.map((name) => `topic '${name}' does not exist: create it, or correct its name`);
  throw new ConfigurationError('the topics', problems);
}

/** Number of partitions of those of the topics that exist. */
export async function existingPartitionCounts(
  cluster: Cluster,
  topics: readonly string[],
): Promise<Map<string, number>> {
  const existing = new Set(await new Admin(cluster).listTopics());
  const names = [...new Set(topics)].filter((name) => existing.has(name));
  const described = await cluster.knownTopics(names);
  return new Map(described.map(({ name, partitions }) => [name, partitions.length]));
}

/**
 * Creates the topics that do not exist.
 *
 * @throws {ConfigurationError} (stop-app) naming every topic that exists with another number of partitions.
 */
export async function ensureTopics(
  cluster: Cluster,
  topics: readonly PlannedTopic[],
  replicationFactor: number,
  options: EnsureTopicsOptions = {},
): Promise<void> {
  if (topics.length === 0) return;
  const created = await new Admin(cluster).createTopics(topics.map((topic) => ({ ...topic, replicationFactor })));
  if (options.mayDiffer === true) return;
  const existing = new Set(created.filter(({ result }) => result === 'exists').map(({ name }) => name));
  const problems: string[] = [];
  for (const { name, partitions } of topics) {
    if (!existing.has(name)) continue;
    const found = await cluster.partitionCount(name);
    if (found === partitions) continue;
    problems.push(
      `topic '${name}' has ${found} partitions, but the topology needs ${partitions}: the number of partitions of its inputs has changed; delete the topic to lose its state and start over, or run under another applicationId`,
    );
  }
  if (problems.length > 0) throw new ConfigurationError('the internal topics', problems);
}
