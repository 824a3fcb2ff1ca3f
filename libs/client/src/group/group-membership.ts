import type { Lifecycle } from '@millrace/kernel';
import type { TopicPartition } from '../metadata/topic-metadata.js';
import type { OffsetToCommit } from '../transaction/transactional-offsets.js';
import type { CommittedOffset } from './committed-offsets.js';
import type { GroupMetadata } from './group-metadata.js';

/** A member of a group, by whatever protocol: what those need who process what it owns and commit what they have read. */
export interface GroupMembership extends Lifecycle {
  /** Who this member is; to be handed to {@link Producer.sendOffsets}. Read it anew for each commit. */
  readonly groupMetadata: GroupMetadata;
  /** Whether the member takes part in the group at present. */
  readonly isMember: boolean;
  /** What the member owns now. */
  readonly assignment: readonly TopicPartition[];
  /** Asks the group to look at this member anew. */
  rejoin(reason: string): void;
  /**
   * Commits offsets outside of any transaction, fenced by the membership.
   *
   * @throws {TaskError} (restart-task) `MR_GROUP_REBALANCED` when the membership is over.
   */
  commitOffsets(offsets: readonly OffsetToCommit[]): Promise<void>;
  /** Offsets that the group has committed; waits for those of open transactions (KIP-447). */
  committedOffsets(partitions: readonly TopicPartition[]): Promise<CommittedOffset[]>;
}
