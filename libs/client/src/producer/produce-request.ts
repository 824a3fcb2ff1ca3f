import { ErrorCodes, isRetriable, type RequestDraftOf, type ResponseOf, type apis } from '@millrace/protocol';
import { partitionKey } from '../metadata/topic-metadata.js';
import type { PendingBatch } from './pending-batch.js';

type ProduceResponse = ResponseOf<typeof apis.Produce>;

/** What a broker says about one partition of a Produce request. */
export type PartitionAnswer = ProduceResponse['responses'][number]['partitionResponses'][number];

/** The share of the request timeout after which a broker gives up waiting for its replicas, so that its answer comes in time. */
const REPLICATION_SHARE = 0.8;
const ALL_IN_SYNC_REPLICAS = -1;

/** A request with one batch for each partition. */
export function produceRequest(
  batches: readonly PendingBatch[],
  transactionalId: string | undefined,
  requestTimeoutMs: number,
): RequestDraftOf<typeof apis.Produce> {
  const topics = Map.groupBy(batches, ({ topic }) => topic);
  return {
    transactionalId: transactionalId ?? null,
    acks: ALL_IN_SYNC_REPLICAS,
    timeoutMs: Math.ceil(requestTimeoutMs * REPLICATION_SHARE),
    topicData: [...topics].map(([name, members]) => ({
      name,
      partitionData: members.map((batch) => ({ index: batch.partition, records: batch.stampedRecords() })),
    })),
  };
}

/** The answers of a response by {@link partitionKey}. */
export function answersByPartition(response: ProduceResponse): Map<string, PartitionAnswer> {
  const answers = new Map<string, PartitionAnswer>();
  for (const { name, partitionResponses } of response.responses) {
    for (const answer of partitionResponses) answers.set(partitionKey(name, answer.index), answer);
  }
  return answers;
}

/**
 * What an error code says about a batch.
 *
 * - `acknowledged`: it is in the log, perhaps from an earlier try.
 * - `out-of-order`: the log misses what comes before it.
 * - `retriable`: the same bytes may succeed later.
 * - `refused`: it is certainly not in the log and never will be.
 */
export type ProduceOutcome = 'acknowledged' | 'out-of-order' | 'retriable' | 'refused';

/** Reads a {@link ProduceOutcome} from an error code. */
export function outcomeOf(errorCode: number): ProduceOutcome {
  switch (errorCode) {
    case ErrorCodes.NONE:
    // A broker that has forgotten the offset of a repeated batch still says that it has the batch.
    case ErrorCodes.DUPLICATE_SEQUENCE_NUMBER:
      return 'acknowledged';
    case ErrorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER:
    case ErrorCodes.UNKNOWN_PRODUCER_ID:
      return 'out-of-order';
    default:
      return isRetriable(errorCode) ? 'retriable' : 'refused';
  }
}
