/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** What the assignor knows of a sub-topology. */
export interface SubTopologyLayout {
  /** Unique within the application: `<topology>/<sub-topology id>`. */
  readonly key: string;
  /** Its source topics, by their names in Kafka; global tables are not among them. */
  readonly topics: readonly string[];
  /** Whether a topic is one of those that a pattern of it matches; absent where it has no pattern. */
  readonly isMatched?: (topic: string) => boolean;
  /** Whether it has stores, so that moving one of its tasks costs a restore. */
  readonly isStateful: boolean;
}

/** A task to place: the partitions with one number of all source topics of a sub-topology. */
export interface TaskPlacement {
  /** `<topology>/<sub-topology id>_<partition>`. */
  readonly key: string;
  readonly subTopology: SubTopologyLayout;
  readonly partition: number;
  /** Always assigned together, so co-partitioned topics land on one member. */
  readonly partitions: readonly TopicPartition[];
}

/**
 * The tasks of an application, ordered by sub-topology and partition.
 *
 * @param partitionCounts Partitions by topic; a topic that is absent (not created yet) contributes none.
 */
export function layOutTasks(
  subTopologies: readonly SubTopologyLayout[],
  partitionCounts: ReadonlyMap<string, number>,
): TaskPlacement[] {
  return subTopologies.flatMap((subTopology) => {
    const counts = subTopology.topics.map((topic) => partitionCounts.get(topic) ?? 0);
    return Array.from({ length: Math.max(0, ...counts) }, (_, partition) => ({
      key: `${subTopology.key}_${partition}`,
      subTopology,
      partition,
      partitions: subTopology.topics
        .filter((_topic, nth) => partition < (counts[nth] as number))
        .map((topic) => ({ topic, partition })),
    }));
  });
}

/**
 * The tasks of a sub-topology with a pattern that own partitions make up. The leader, which gives tasks away as a whole, may know other
 * topics than this member, so what was given tells what there is.
 */
export function tasksGiven(subTopology: SubTopologyLayout, owned: readonly TopicPartition[]): TaskPlacement[] {
  const topics = new Set(subTopology.topics);
  const byPartition = new Map<number, TopicPartition[]>();
  for (const place of owned) {
    if (!topics.has(place.topic)) continue;
    byPartition.set(place.partition, [...(byPartition.get(place.partition) ?? []), place]);
  }
  return [...byPartition].map(([partition, partitions]) => ({
    key: `${subTopology.key}_${partition}`,
    subTopology,
    partition,
    partitions,
  }));
}

/** A text that is the same for the same partition. */
export function partitionKey(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
