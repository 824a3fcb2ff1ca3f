import { apis } from '@millrace/protocol';
import { retrying } from '../cluster/retry.js';
import { throwOnError } from '../errors/broker-errors.js';
import type { GroupMetadata } from '../group/group-metadata.js';
import type { TopicPartition } from '../metadata/topic-metadata.js';
import type { ProducerIdentity } from '../producer/producer-identity.js';
import { transactionRetry, tryInTransaction, type TransactionContext } from './transaction-requests.js';

/** An offset to be committed for a group. */
export interface OffsetToCommit extends TopicPartition {
  /** Offset of the next record to be read. */
  readonly offset: number;
  /** Term of the leader that served the record before it. Default -1: not known. */
  readonly leaderEpoch?: number;
  /** A short text that is given back with the offset. Default empty. */
  readonly metadata?: string;
}

/** The last version of TxnOffsetCommit before which the group must be added to the transaction. */
const NEEDS_ADD_OFFSETS = 4;

/**
 * Makes offsets part of the open transaction, fenced by the member's generation (KIP-447).
 *
 * @throws {TaskError} (restart-task) `MR_GROUP_REBALANCED` when the member is no longer of the group's generation.
 */
export async function commitTransactionalOffsets(
  context: TransactionContext,
  identity: ProducerIdentity,
  offsets: readonly OffsetToCommit[],
  group: GroupMetadata,
): Promise<void> {
  if (context.version === 1) await addOffsets(context, identity, group.groupId);
  const { cluster, purpose, transactionalId, version, timeoutMs } = context;
  const what = `TxnOffsetCommit of '${transactionalId}' for group '${group.groupId}'`;
  const topics = [...Map.groupBy(offsets, ({ topic }) => topic)];
  const attempt = async (): Promise<void> => {
    const response = await cluster.coordinators.request(
      'group',
      group.groupId,
      purpose,
      apis.TxnOffsetCommit,
      {
        transactionalId,
        groupId: group.groupId,
        producerId: identity.producerId,
        producerEpoch: identity.epoch,
        generationId: group.generationId,
        memberId: group.memberId,
        groupInstanceId: group.instanceId ?? null,
        topics: topics.map(([name, members]) => ({
          name,
          partitions: members.map(({ partition, offset, leaderEpoch = -1, metadata = '' }) => ({
            partitionIndex: partition,
            committedOffset: offset,
            committedLeaderEpoch: leaderEpoch,
            committedMetadata: metadata,
          })),
        })),
      },
      (answer) => answer.topics.flatMap((topic) => topic.partitions.map(({ errorCode }) => errorCode)),
      version === 2 ? {} : { cap: NEEDS_ADD_OFFSETS },
    );
    for (const { name, partitions } of response.topics) {
      for (const { partitionIndex, errorCode } of partitions) {
        throwOnError(errorCode, what, { topic: name, partition: partitionIndex, transactionalId });
      }
    }
  };
  await retrying(transactionRetry(cluster), what, timeoutMs, () => tryInTransaction(context, attempt));
}

async function addOffsets(context: TransactionContext, identity: ProducerIdentity, groupId: string): Promise<void> {
  const { cluster, purpose, transactionalId, timeoutMs } = context;
  const what = `AddOffsetsToTxn of '${transactionalId}'`;
  const attempt = async (): Promise<void> => {
    const response = await cluster.coordinators.request(
      'transaction',
      transactionalId,
      purpose,
      apis.AddOffsetsToTxn,
      { transactionalId, producerId: identity.producerId, producerEpoch: identity.epoch, groupId },
      (answer) => [answer.errorCode],
    );
    throwOnError(response.errorCode, what, { transactionalId });
  };
  await retrying(transactionRetry(cluster), what, timeoutMs, () => tryInTransaction(context, attempt));
}
