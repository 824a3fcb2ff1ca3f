import type { TopicPartition } from '../../metadata/topic-metadata.js';

/** A member as the leader of its group sees it. */
export interface AssignorMember {
  readonly memberId: string;
  /** Of a static member. */
  readonly instanceId?: string;
  readonly topics: readonly string[];
  /** What the member's own assignor sent along. */
  readonly userData: Buffer | null;
  /** What the member owned when it joined. */
  readonly ownedPartitions: readonly TopicPartition[];
  /** Generation in which it came to own them; -1 where the member does not tell. */
  readonly generationId: number;
}

/** What a member gets. */
export interface AssignedShare {
  readonly partitions: readonly TopicPartition[];
  readonly userData?: Buffer;
}

/**
 * Decides who gets which partition; runs on the leader of the group.
 *
 * With `cooperative` members keep what they own while they join, and a partition that moves is given to nobody until its
 * owner has let go of it (KIP-429). With `eager` members let go of everything first.
 */
export interface Assignor {
  /** Common name; all members of a group must offer one name in common. Kafka's names keep mixed groups possible. */
  readonly name: string;
  readonly protocol: 'eager' | 'cooperative';
  /** @param partitionCounts Number of partitions by topic; a topic that does not exist is missing. */
  assign(members: readonly AssignorMember[], partitionCounts: ReadonlyMap<string, number>): Map<string, AssignedShare>;
}

/** Members in an order that stays the same over rebalances as far as possible: static ones by their instance id. */
export function inStableOrder(members: readonly AssignorMember[]): AssignorMember[] {
  const rank = ({ instanceId, memberId }: AssignorMember): string =>
    instanceId === undefined ? `1${memberId}` : `0${instanceId}`;
  return members.toSorted((left, right) => (rank(left) < rank(right) ? -1 : 1));
}

/** All partitions of all topics that somebody subscribes to, by topic name and number. */
export function subscribedPartitions(
  members: readonly AssignorMember[],
  partitionCounts: ReadonlyMap<string, number>,
): TopicPartition[] {
  const topics = [...new Set(members.flatMap((member) => member.topics))].sort();
  return topics.flatMap((topic) =>
    Array.from({ length: partitionCounts.get(topic) ?? 0 }, (_, partition) => ({ topic, partition })),
  );
}
