import { type apis, ErrorCodes, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import { LEADER_EPOCH, leaderEpochError, type Partition } from '../partition/partition.js';
import type { BrokerServices, RequestContext } from './services.js';

type Request = RequestOf<typeof apis.ListOffsets>;
type Answer = ResponseDraftOf<typeof apis.ListOffsets>;
type Found = Pick<Answer['topics'][number]['partitions'][number], 'offset' | 'timestamp'>;

/** Timestamps with a meaning of their own. */
const LATEST = -1;
const EARLIEST = -2;
const MAX_TIMESTAMP = -3;
const EARLIEST_LOCAL = -4;
const LATEST_TIERED = -5;

const READ_COMMITTED = 1;

/** Up to version 3 an answer cannot carry an epoch. */
const LEADER_EPOCH_SINCE_VERSION = 4;

/** ListOffsets: the start, the end, or the first record at or after a time. */
export function listOffsets(services: BrokerServices, request: Request, context: RequestContext): Answer {
  const withEpoch = context.apiVersion >= LEADER_EPOCH_SINCE_VERSION;
  return {
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, currentLeaderEpoch, timestamp }) => {
        const partition = services.topics.partition(name, partitionIndex);
        const epochError = leaderEpochError(currentLeaderEpoch);
        if (partition === undefined) return { partitionIndex, errorCode: ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION };
        if (epochError !== ErrorCodes.NONE) return { partitionIndex, errorCode: epochError };
        const isCommitted = request.isolationLevel === READ_COMMITTED;
        if (timestamp < LATEST_TIERED) return { partitionIndex, errorCode: ErrorCodes.UNSUPPORTED_VERSION };
        const found = find(partition, timestamp, isCommitted);
        if (found === undefined) return { partitionIndex, errorCode: ErrorCodes.NONE };
        const epoch = withEpoch ? { leaderEpoch: LEADER_EPOCH } : {};
        return { partitionIndex, errorCode: ErrorCodes.NONE, ...found, ...epoch };
      }),
    })),
  };
}

function find(partition: Partition, timestamp: number, isCommitted: boolean): Found | undefined {
  const end = isCommitted ? partition.lastStableOffset : partition.highWatermark;
  switch (timestamp) {
    case LATEST:
      return { offset: end };
    case EARLIEST:
    case EARLIEST_LOCAL:
      return { offset: partition.logStartOffset };
    case LATEST_TIERED:
      // Nothing is kept in another tier.
      return undefined;
    case MAX_TIMESTAMP:
      return partition.maxTimestampMs < 0 ? undefined : atTime(partition, partition.maxTimestampMs, end);
    default:
      return atTime(partition, timestamp, end);
  }
}

function atTime(partition: Partition, timestampMs: number, end: number): Found | undefined {
  const found = partition.offsetForTimestamp(timestampMs, end);
  return found === undefined ? undefined : { offset: found.offset, timestamp: found.timestampMs };
}
