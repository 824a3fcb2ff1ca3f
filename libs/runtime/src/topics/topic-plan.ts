/** An internal topic as a topology asks for it. */
export interface InternalTopic {
  readonly name: string;
  readonly kind: 'changelog' | 'repartition' | 'retry';
  /** Topics the greatest of whose partition counts decides. */
  readonly partitionsLike: readonly string[];
  /** A count that the developer has fixed; wins over `partitionsLike`. */
  readonly partitions?: number | undefined;
  /** Topic configuration that the kind does not give already. */
  readonly configs: Readonly<Record<string, string>>;
}

/** A topic as it should exist. */
export interface PlannedTopic {
  readonly name: string;
  readonly partitions: number;
  readonly configs: Readonly<Record<string, string>>;
}

const CONFIGS: Readonly<Record<InternalTopic['kind'], Readonly<Record<string, string>>>> = {
  changelog: { 'cleanup.policy': 'compact' },
  repartition: { 'cleanup.policy': 'delete', 'retention.ms': '-1' },
  retry: { 'cleanup.policy': 'delete', 'retention.ms': '-1' },
};

/** The whole configuration of an internal topic. */
export function configsOf({ kind, configs }: InternalTopic): Readonly<Record<string, string>> {
  return { ...CONFIGS[kind], ...configs };
}

/** The topic that takes the records of `topic` that cannot be processed. */
export function deadLetterTopic(topic: string): string {
  return `${topic}-dlt`;
}

/**
 * Derives the partition count of every internal topic; one may follow another that is derived itself.
 *
 * @param partitionCounts Partitions of the topics that exist or are planned.
 * @param problems Takes a sentence for each topic whose count cannot be derived.
 * @param missing Topics that are known not to exist: what follows from them is no problem of its own.
 */
export function planInternalTopics(
  topics: readonly InternalTopic[],
  partitionCounts: ReadonlyMap<string, number>,
  problems: string[],
  missing: ReadonlySet<string> = new Set(),
): PlannedTopic[] {
  const counts = new Map(partitionCounts);
  const planned = new Map<string, PlannedTopic>();
  let waiting = topics;
  while (waiting.length > 0) {
    const stuck: InternalTopic[] = [];
    for (const topic of waiting) {
      const like = topic.partitionsLike.map((name) => counts.get(name));
      const count = topic.partitions ?? (like.includes(undefined) ? undefined : Math.max(0, ...(like as number[])));
      if (count === undefined || count === 0) {
        stuck.push(topic);
        continue;
      }
      counts.set(topic.name, count);
      planned.set(topic.name, { name: topic.name, partitions: count, configs: configsOf(topic) });
    }
    if (stuck.length === waiting.length) break;
    waiting = stuck;
  }
  const excused = followersOf(missing, topics);
  for (const { name, partitionsLike } of topics) {
    if (planned.has(name) || excused.has(name)) continue;
    problems.push(
      `the number of partitions of '${name}' follows from ${partitionsLike.map((each) => `'${each}'`).join(', ')}, which cannot be told: create them, or fix the number in the topology`,
    );
  }
  return [...planned.values()];
}

/** The topics and all those whose partitions follow from theirs, through others too. */
function followersOf(roots: ReadonlySet<string>, topics: readonly InternalTopic[]): ReadonlySet<string> {
  const followers = new Set(roots);
  for (let before = -1; before < followers.size;) {
    before = followers.size;
    for (const { name, partitionsLike } of topics) {
      if (partitionsLike.some((each) => followers.has(each))) followers.add(name);
    }
  }
  return followers;
}

/** Dead-letter topics of the given source topics, with as many partitions as each. */
export function planDeadLetterTopics(
  sources: readonly string[],
  partitionCounts: ReadonlyMap<string, number>,
): PlannedTopic[] {
  return sources.flatMap((source) => {
    const partitions = partitionCounts.get(source);
    if (partitions === undefined) return [];
    // Event times can be old, and what failed stays until someone has looked at it.
    return [
      { name: deadLetterTopic(source), partitions, configs: { 'cleanup.policy': 'delete', 'retention.ms': '-1' } },
    ];
  });
}

/** Adds a problem for each set of co-partitioned topics whose partition counts differ. */
export function checkCoPartitioning(
  groups: readonly (readonly string[])[],
  partitionCounts: ReadonlyMap<string, number>,
  problems: string[],
): void {
  for (const group of groups) {
    const counts = new Set(group.map((topic) => partitionCounts.get(topic)));
    if (counts.size <= 1) continue;
    const listed = group.map((topic) => `'${topic}' has ${partitionCounts.get(topic) ?? 'none'}`).join(', ');
    problems.push(
      `topics that are joined must have the same number of partitions, but ${listed}: repartition one of them in the topology with the count of the other`,
    );
  }
}
