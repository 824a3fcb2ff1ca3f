import type { TopicPartition } from '../metadata/topic-metadata.js';

/** A task: a sub-topology times a partition. */
export interface StreamsTaskId {
  readonly subtopologyId: string;
  readonly partition: number;
}

/** The changelogs of a task, all together: how far its stores are, and how far the changelogs go. */
export interface StreamsTaskOffset extends StreamsTaskId {
  readonly position: number;
  readonly end: number;
}

/** A changelog that the coordinator may count on; it creates it where it is missing. */
export interface StreamsChangelog {
  readonly name: string;
  readonly configs: Readonly<Record<string, string>>;
}

/** What the coordinator must know of a sub-topology to assign its tasks. All its topics exist. */
export interface StreamsSubtopology {
  /** Unique within the application, and the same after a restart. */
  readonly id: string;
  /** Everything that its tasks read, repartition topics included. */
  readonly sourceTopics: readonly string[];
  /** Its state; none: its tasks have no standbys. */
  readonly changelogs: readonly StreamsChangelog[];
  /** Source topics that must have equally many partitions. */
  readonly copartitionGroups: readonly (readonly string[])[];
}

/** What comes with an assignment. */
export interface StreamsAssignment {
  readonly memberEpoch: number;
  /** Tasks whose stores the member keeps up to date without processing: standbys and warm-ups. */
  readonly followed: readonly StreamsTaskId[];
}

/** How a {@link StreamsGroupMember} takes part in its group. Callbacks are called one at a time and awaited. */
export interface StreamsGroupMemberOptions {
  /** Kafka property `application.id`. */
  readonly groupId: string;
  /** Names the process, the same for all of its members: what they have in common is lost together. */
  readonly processId: string;
  /** Kafka property `client.rack`. Default: none. */
  readonly rack?: string;
  /** How long the group waits for the member to give up tasks, in milliseconds. Default 300000. Kafka property `max.poll.interval.ms`. */
  readonly rebalanceTimeoutMs?: number;
  /** The same for all members of a group. */
  readonly subtopologies: readonly StreamsSubtopology[];
  /** What tasks read; of a task that is not known, nothing. */
  readonly partitionsOf: (tasks: readonly StreamsTaskId[]) => readonly TopicPartition[];
  /** How far the stores here are; asked as often as the coordinator wants to know, by those of Apache Kafka 4.3 never. */
  readonly taskOffsets?: () => readonly StreamsTaskOffset[];
  /** Told of new tasks before it is asked what they read, as of partitions that a topic has got. Default: nobody. */
  readonly onTasks?: (tasks: readonly StreamsTaskId[]) => Promise<void>;
  /** New partitions, perhaps none, or other tasks to follow. */
  readonly onAssigned: (partitions: readonly TopicPartition[], info: StreamsAssignment) => Promise<void>;
  /** Partitions to be given up: offsets can still be committed for them until it returns. */
  readonly onRevoked: (partitions: readonly TopicPartition[]) => Promise<void>;
  /** Partitions that others may own already: nothing can be committed for them any more. */
  readonly onLost: (partitions: readonly TopicPartition[]) => Promise<void>;
  /** The member has left for good: it may not take part, another has ended the application, or a callback has thrown. */
  readonly onFailed?: (error: Error) => void;
}
