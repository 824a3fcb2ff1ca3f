import type { RecordHeader } from '@millrace/protocol';

/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A decoded record for a sink. */
export interface SinkRecord<K = unknown, V = unknown> {
  readonly key: K | null;
  readonly value: V | null;
  readonly timestampMs: number;
  readonly headers: readonly RecordHeader[];
  readonly offset: number;
}

/** Records of one partition, in order. Batches tile the partition: each begins where the one before ended. */
export interface SinkBatch<K = unknown, V = unknown> extends TopicPartition {
  readonly firstOffset: number;
  /** The offset after the batch, past control records and records that were passed over. */
  readonly nextOffset: number;
  readonly records: readonly SinkRecord<K, V>[];
}

/** Who writes: an owner of a later generation fences one of an earlier. */
export interface SinkFence {
  readonly generationId: number;
  readonly memberId: string;
}

/**
 * Writes records to a place outside Kafka. It is fed by a read-committed source, never by the middle of a stateful
 * sub-topology (ADR 0008), and keeps its offsets with its data, so that nothing is lost or doubled.
 */
export interface SinkWriter<K = unknown, V = unknown> {
  /**
   * Takes a partition over and fences its former owner.
   *
   * @returns the next offset as the sink itself knows it; undefined to go on from the group's committed offset.
   */
  open(partition: TopicPartition, fence: SinkFence): Promise<number | undefined>;
  /**
   * Writes a batch, or holds it back until there is enough.
   *
   * @throws {TransientError} (retry) to be given the batch again, {@link RecordError} (dead-letter) with the offset in its
   *   place for a record that the sink will never take, {@link TaskError} (restart-task) `MR_SINK_FENCED` when another owner
   *   has taken over.
   */
  write(batch: SinkBatch<K, V>): Promise<void>;
  /** Makes everything durable that was held back. */
  flush?(): Promise<void>;
  /** Lets go of a partition; what was held back may be dropped. */
  close(partition: TopicPartition): Promise<void>;
  /** The offset up to which data is durable, for the group's commit; undefined when nothing is. */
  durableOffset(partition: TopicPartition): number | undefined;
}
