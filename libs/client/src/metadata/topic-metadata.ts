/** A partition as the cluster's metadata describe it. */
export interface PartitionMetadata {
  readonly partition: number;
  /** Node that leads the partition; -1 while there is none. */
  readonly leaderId: number;
  /** Term of that leader; -1 where the broker does not tell. */
  readonly leaderEpoch: number;
}

/** A topic as the cluster's metadata describe it. */
export interface TopicMetadata {
  readonly name: string;
  /** 32 hex digits; all zero where the broker does not tell. */
  readonly topicId: string;
  readonly isInternal: boolean;
  /** By partition number, without gaps. */
  readonly partitions: readonly PartitionMetadata[];
}

/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** The id of topics on brokers without topic ids. */
export const NO_TOPIC_ID = '0'.repeat(32);

/** One text for a partition, to be used as a key of maps. */
export function partitionKey(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}
