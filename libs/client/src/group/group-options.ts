import { ConfigurationError } from '@millrace/kernel';
import type { TopicPartition } from '../metadata/topic-metadata.js';
import type { Assignor } from './assignors/assignor.js';

/** What comes with an assignment. */
export interface AssignmentInfo {
  readonly generationId: number;
  readonly memberId: string;
  /** What the leader's assignor sent along. */
  readonly userData: Buffer | null;
  /** Everything that the member owns now, what it kept included. */
  readonly owned: readonly TopicPartition[];
}

/** How a {@link GroupMember} takes part in its group. Callbacks are called one at a time and awaited. */
export interface GroupMemberOptions {
  /** Kafka property `group.id`. */
  readonly groupId: string;
  /** What it reads; a function is asked before each joining, so that the topics may change. */
  readonly topics: readonly string[] | (() => readonly string[]);
  /** In order of preference. Kafka property `partition.assignment.strategy`. */
  readonly assignors: readonly Assignor[];
  /**
   * After so long without heartbeat the group goes on without the member, in milliseconds. Default 45000. Kafka property
   * `session.timeout.ms`.
   */
  readonly sessionTimeoutMs?: number;
  /**
   * How long the group waits for the member to come back in a rebalance, `onRevoked` included, in milliseconds. Default
   * 300000. Kafka property `max.poll.interval.ms`.
   */
  readonly rebalanceTimeoutMs?: number;
  /** Default 3000. Kafka property `heartbeat.interval.ms`. */
  readonly heartbeatIntervalMs?: number;
  /** Makes the member a static one, whose restart within the session causes no rebalance (KIP-345). Kafka property `group.instance.id`. */
  readonly instanceId?: string;
  /** Asked before each joining: data for the leader's assignor. */
  readonly userData?: () => Buffer | null;
  /**
   * Called before each joining, while everything is still owned. Whoever commits offsets finishes the commit under way and
   * begins none until `onAssigned`, since the group's generation changes in between.
   */
  readonly onRejoining?: () => Promise<void>;
  /** New partitions, perhaps none; called at the end of each rebalance. Heartbeats go on meanwhile, so it may take long. */
  readonly onAssigned: (partitions: readonly TopicPartition[], info: AssignmentInfo) => Promise<void>;
  /** Partitions to be given up: offsets can still be committed for them until it returns. */
  readonly onRevoked: (partitions: readonly TopicPartition[]) => Promise<void>;
  /** Partitions that others may own already: nothing can be committed for them any more. */
  readonly onLost: (partitions: readonly TopicPartition[]) => Promise<void>;
  /** The member has left for good: it may not join, its instance id was taken, or a callback has thrown. */
  readonly onFailed?: (error: Error) => void;
}

/** Session, rebalance and heartbeat times with their defaults in place. */
export interface GroupTimes {
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
}

/** What a member reads now. */
export function topicsOf({ topics }: Pick<GroupMemberOptions, 'topics'>): readonly string[] {
  return typeof topics === 'function' ? topics() : topics;
}

/** @throws {ConfigurationError} (stop-app) naming everything that is wrong. */
export function resolveGroupTimes(options: GroupMemberOptions): GroupTimes {
  const times = {
    sessionTimeoutMs: options.sessionTimeoutMs ?? 45_000,
    rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 300_000,
    heartbeatIntervalMs: options.heartbeatIntervalMs ?? 3_000,
  };
  const problems: string[] = [];
  if (options.groupId === '') problems.push('groupId: must not be empty');
  if (topicsOf(options).length === 0) problems.push('topics: name at least one');
  if (options.assignors.length === 0) problems.push('assignors: name at least one');
  if (times.heartbeatIntervalMs >= times.sessionTimeoutMs) {
    problems.push(
      `heartbeatIntervalMs: ${times.heartbeatIntervalMs} must be less than sessionTimeoutMs (${times.sessionTimeoutMs})`,
    );
  }
  if (problems.length > 0) throw new ConfigurationError('the options of the group member', problems);
  return times;
}
