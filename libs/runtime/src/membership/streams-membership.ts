import {
  StreamsGroupMember,
  type StreamsSubtopology,
  type StreamsTaskId,
  type StreamsTaskOffset,
} from '@millrace/client';
import { hasChangelog } from '@millrace/streams';
import type { ApplicationPlan, PlannedSubTopology } from '../app/application-plan.js';
import type { ThreadSurroundings } from '../app/thread-host.js';
import type { TaskProgress } from '../assignment/member-data.js';
import type { TaskPlacement, TopicPartition } from '../assignment/task-layout.js';
import type { RebalanceMailbox } from '../thread/rebalance-mailbox.js';
import { configsOf } from '../topics/topic-plan.js';

/** What the membership of one thread works with. */
export interface StreamsMembershipParts {
  readonly mailbox: RebalanceMailbox;
  /** All tasks of the application. */
  readonly placements: () => readonly TaskPlacement[];
  /** How far the thread's stores are, by task. */
  readonly progress: () => Readonly<Record<string, TaskProgress>>;
  readonly rebalanceTimeoutMs: number;
  /** Told of what ends the membership for good. */
  readonly failed: (error: Error) => void;
}

/**
 * A thread's place in a streams group (KIP-1071): the coordinator assigns tasks by the topology that it is told. Topics are created and
 * checked before a thread starts, so all of them are source topics to the coordinator, those of repartitions too; changelogs say which
 * tasks have state.
 */
export function streamsMembership(
  { cluster, settings, plan, learn }: Omit<ThreadSurroundings, 'directory' | 'pauses' | 'globalTables'>,
  { mailbox, placements, progress, rebalanceTimeoutMs, failed }: StreamsMembershipParts,
): StreamsGroupMember {
  const { applicationId, processId, rack } = settings;
  const topicsOf = new Map(plan.subTopologies.map(({ layout }) => [layout.key, layout.topics]));
  const mayRead = ({ subtopologyId, partition }: StreamsTaskId): TopicPartition[] =>
    (topicsOf.get(subtopologyId) ?? []).map((topic) => ({ topic, partition }));
  return new StreamsGroupMember(cluster, {
    groupId: applicationId,
    processId,
    ...(rack !== undefined && { rack }),
    rebalanceTimeoutMs,
    subtopologies: plan.subTopologies.map((each) => describe(applicationId, plan, each)),
    partitionsOf: (tasks) => {
      const byKey = new Map(placements().map(({ key, partitions }) => [key, partitions]));
      return tasks.flatMap((task) => byKey.get(placementKey(task)) ?? []);
    },
    taskOffsets: () => offsetsOf(placements(), progress()),
    onTasks: (tasks) => {
      const known = new Set(placements().map(({ key }) => key));
      return learn(tasks.filter((task) => !known.has(placementKey(task))).flatMap(mayRead));
    },
    onAssigned: async (partitions, { followed }) => {
      await mailbox.post({ kind: 'assigned', partitions, share: { standbys: followed.map(placementKey) } });
    },
    onRevoked: (partitions) => mailbox.post({ kind: 'revoked', partitions }),
    onLost: (partitions) => mailbox.post({ kind: 'lost', partitions }),
    onFailed: failed,
  });
}

/** The {@link TaskPlacement.key} of a task as the coordinator names it. */
function placementKey({ subtopologyId, partition }: StreamsTaskId): string {
  return `${subtopologyId}_${partition}`;
}

function describe(
  applicationId: string,
  { internalTopics }: ApplicationPlan,
  { topology, subTopology, layout, coPartitionGroups }: PlannedSubTopology,
): StreamsSubtopology {
  const changelogs = new Set(
    subTopology.stores.filter(hasChangelog).map((store) => topology.changelogName(applicationId, store)),
  );
  return {
    id: layout.key,
    sourceTopics: layout.topics,
    changelogs: internalTopics
      .filter(({ name }) => changelogs.has(name))
      .map((topic) => ({ name: topic.name, configs: configsOf(topic) })),
    copartitionGroups: coPartitionGroups.filter((group) => group.length > 1),
  };
}

function offsetsOf(
  placements: readonly TaskPlacement[],
  progress: Readonly<Record<string, TaskProgress>>,
): StreamsTaskOffset[] {
  return placements.flatMap(({ key, subTopology, partition }) => {
    const known = progress[key];
    return known === undefined ? [] : [{ subtopologyId: subTopology.key, partition, ...known }];
  });
}
