import { ErrorCodes, apis } from '@millrace/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { retrying, type RetryContext } from '../cluster/retry.js';
import { isIndefinite, throwOnError } from '../errors/broker-errors.js';
import type { TopicPartition } from '../metadata/topic-metadata.js';
import type { ProducerIdentity } from '../producer/producer-identity.js';

/** What every request about a transactional id needs. */
export interface TransactionContext {
  readonly cluster: Cluster;
  readonly purpose: string;
  readonly transactionalId: string;
  /** 2: brokers add partitions by themselves and raise the epoch at each end (KIP-890). 1: the client does so. */
  readonly version: 1 | 2;
  /** Patience with a coordinator that is moving, or still busy with the transaction before, in milliseconds. */
  readonly timeoutMs: number;
  /** Told of each request that got no answer: a copy of it may still reach the broker, at any time. */
  readonly unanswered: () => void;
}

const NO_IDENTITY: ProducerIdentity = { producerId: -1, epoch: -1 };
/** Of idempotent producers: no transaction ever times out. */
const NO_TIMEOUT_MS = 0x7fff_ffff;
/** The last version of EndTxn that leaves the epoch as it is. */
const END_TXN_KEEPS_EPOCH = 4;
/** What a transaction waits for, the markers of the one before it, takes milliseconds: so does the first wait. */
const FIRST_BACKOFF_MS = 20;

/** Tries again sooner than for other requests. */
export function transactionRetry(cluster: Cluster): RetryContext {
  return { ...cluster.retryContext(), retryBackoffMs: Math.min(FIRST_BACKOFF_MS, cluster.settings.retryBackoffMs) };
}

/** One try of a request that changes the open transaction. */
export async function tryInTransaction<T>({ unanswered }: TransactionContext, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (isIndefinite(error)) unanswered();
    throw error;
  }
}

/**
 * Fences older producers with the same transactional id, ends what they left open, and gets an identity.
 *
 * @param current The identity whose epoch is to be raised (KIP-360). Default none (-1, -1), which always succeeds.
 */
export function initTransactionalId(
  context: TransactionContext,
  transactionTimeoutMs: number,
  current: ProducerIdentity = NO_IDENTITY,
): Promise<ProducerIdentity> {
  const { cluster, purpose, transactionalId, timeoutMs } = context;
  const what = `InitProducerId of '${transactionalId}'`;
  return retrying(transactionRetry(cluster), what, timeoutMs, async () => {
    const response = await cluster.coordinators.request(
      'transaction',
      transactionalId,
      purpose,
      apis.InitProducerId,
      { transactionalId, transactionTimeoutMs, producerId: current.producerId, producerEpoch: current.epoch },
      (answer) => [answer.errorCode],
    );
    throwOnError(response.errorCode, what, { transactionalId });
    return { producerId: response.producerId, epoch: response.producerEpoch };
  });
}

/** Gets an identity for a producer without transactions, from any broker. */
export function initIdempotence(cluster: Cluster): Promise<ProducerIdentity> {
  return retrying(cluster.retryContext(), 'InitProducerId', cluster.settings.requestTimeoutMs, async () => {
    const response = await cluster.requestAny(apis.InitProducerId, {
      transactionalId: null,
      transactionTimeoutMs: NO_TIMEOUT_MS,
    });
    throwOnError(response.errorCode, 'InitProducerId');
    return { producerId: response.producerId, epoch: response.producerEpoch };
  });
}

/** Makes partitions part of the open transaction. Only for transaction version 1. */
export function addPartitions(
  context: TransactionContext,
  identity: ProducerIdentity,
  partitions: readonly TopicPartition[],
): Promise<void> {
  const { cluster, purpose, transactionalId, timeoutMs } = context;
  const what = `AddPartitionsToTxn of '${transactionalId}'`;
  const topics = [...Map.groupBy(partitions, ({ topic }) => topic)];
  const attempt = async (): Promise<void> => {
    const response = await cluster.coordinators.request(
      'transaction',
      transactionalId,
      purpose,
      apis.AddPartitionsToTxn,
      {
        v3AndBelowTransactionalId: transactionalId,
        v3AndBelowProducerId: identity.producerId,
        v3AndBelowProducerEpoch: identity.epoch,
        v3AndBelowTopics: topics.map(([name, members]) => ({
          name,
          partitions: members.map(({ partition }) => partition),
        })),
      },
      (answer) =>
        answer.resultsByTopicV3AndBelow.flatMap((each) => each.resultsByPartition.map((one) => one.partitionErrorCode)),
    );
    const results = response.resultsByTopicV3AndBelow.flatMap(({ name, resultsByPartition }) =>
      resultsByPartition.map(({ partitionIndex, partitionErrorCode }) => ({
        name,
        partitionIndex,
        partitionErrorCode,
      })),
    );
    // One partition's error keeps the broker from adding the others: those say OPERATION_NOT_ATTEMPTED.
    const [first] = results
      .filter(({ partitionErrorCode }) => partitionErrorCode !== ErrorCodes.NONE)
      .sort((left, right) => notAttempted(left.partitionErrorCode) - notAttempted(right.partitionErrorCode));
    if (first === undefined) return;
    throwOnError(first.partitionErrorCode, what, {
      transactionalId,
      topic: first.name,
      partition: first.partitionIndex,
    });
  };
  return retrying(transactionRetry(cluster), what, timeoutMs, () => tryInTransaction(context, attempt));
}

function notAttempted(errorCode: number): number {
  return errorCode === ErrorCodes.OPERATION_NOT_ATTEMPTED ? 1 : 0;
}

/**
 * Commits or aborts. A repetition is safe: the coordinator recognises it.
 *
 * @returns the identity for the next transaction: with version 2 another one.
 */
export function endTransaction(
  context: TransactionContext,
  identity: ProducerIdentity,
  committed: boolean,
): Promise<ProducerIdentity> {
  const { cluster, purpose, transactionalId, version, timeoutMs } = context;
  const what = `EndTxn (${committed ? 'commit' : 'abort'}) of '${transactionalId}'`;
  const attempt = async (): Promise<ProducerIdentity> => {
    const response = await cluster.coordinators.request(
      'transaction',
      transactionalId,
      purpose,
      apis.EndTxn,
      { transactionalId, producerId: identity.producerId, producerEpoch: identity.epoch, committed },
      (answer) => [answer.errorCode],
      version === 2 ? {} : { cap: END_TXN_KEEPS_EPOCH },
    );
    throwOnError(response.errorCode, what, { transactionalId });
    const raised = { producerId: response.producerId, epoch: response.producerEpoch };
    return version === 2 && raised.producerId >= 0 ? raised : identity;
  };
  return retrying(transactionRetry(cluster), what, timeoutMs, () => tryInTransaction(context, attempt));
}
