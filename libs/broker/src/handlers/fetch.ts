import { type apis, ErrorCodes, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import type { LogSlice } from '../log/log-slice.js';
import { leaderEpochError, type Partition } from '../partition/partition.js';
import { parkUntil } from './parked-fetch.js';
import type { BrokerServices, RequestContext } from './services.js';

type Request = RequestOf<typeof apis.Fetch>;
type Answer = ResponseDraftOf<typeof apis.Fetch>;
type PartitionRequest = Request['topics'][number]['partitions'][number];
type PartitionAnswer = Answer['responses'][number]['partitions'][number];

/** The most that one answer carries, in bytes (Kafka: `fetch.max.bytes`). */
const MAX_ANSWER_BYTES = 55 * 1024 * 1024;
/** From this version on, topics go by id. */
const TOPIC_IDS_SINCE_VERSION = 13;
const READ_COMMITTED = 1;

/** One reading of all partitions of a request. */
interface Reading {
  readonly answer: Answer;
  readonly sizeInBytes: number;
  readonly hasError: boolean;
}

/** What is left of a request's `maxBytes`, and whether one batch may still exceed it. */
interface Budget {
  bytes: number;
  mayExceed: boolean;
}

/**
 * Fetch: reads from the log, or waits until there is enough or `maxWaitMs` is over.
 *
 * Fetch sessions are not kept: every answer carries session id 0, so clients send full requests.
 */
export function fetch(services: BrokerServices, request: Request, context: RequestContext): Answer | Promise<Answer> {
  if (request.sessionId !== 0) return { errorCode: ErrorCodes.FETCH_SESSION_ID_NOT_FOUND, responses: [] };
  const byId = context.apiVersion >= TOPIC_IDS_SINCE_VERSION;
  const first = read(services, request, byId);
  if (isEnough(first, request)) return first.answer;
  return parkUntil({
    clock: services.clock,
    partitions: partitionsOf(services, request, byId),
    maxWaitMs: request.maxWaitMs,
    onAbandoned: (abandon) => context.onAbandoned(abandon),
    attempt: (isLast) => {
      const reading = read(services, request, byId);
      return isLast || isEnough(reading, request) ? reading.answer : undefined;
    },
  });
}

function isEnough(reading: Reading, request: Request): boolean {
  const asksNothing = request.topics.length === 0;
  return reading.hasError || reading.sizeInBytes >= request.minBytes || request.maxWaitMs <= 0 || asksNothing;
}

function partitionsOf(services: BrokerServices, request: Request, byId: boolean): Partition[] {
  const found: Partition[] = [];
  for (const topic of request.topics) {
    const known = byId ? services.topics.byId(topic.topicId) : services.topics.byName(topic.topic);
    for (const { partition } of topic.partitions) {
      const each = known?.partitions[partition];
      if (each !== undefined) found.push(each);
    }
  }
  return found;
}

function read(services: BrokerServices, request: Request, byId: boolean): Reading {
  const budget: Budget = { bytes: Math.min(request.maxBytes, MAX_ANSWER_BYTES), mayExceed: true };
  const allowed = budget.bytes;
  let hasError = false;
  const responses = request.topics.map((topic) => {
    const known = byId ? services.topics.byId(topic.topicId) : services.topics.byName(topic.topic);
    const unknownCode =
      byId && known === undefined ? ErrorCodes.UNKNOWN_TOPIC_ID : ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION;
    const partitions = topic.partitions.map((wanted) => {
      const answer = readPartition(
        known?.partitions[wanted.partition],
        wanted,
        request.isolationLevel,
        unknownCode,
        budget,
      );
      hasError ||= answer.errorCode !== ErrorCodes.NONE;
      return answer;
    });
    return { topic: topic.topic, topicId: topic.topicId, partitions };
  });
  return { answer: { errorCode: ErrorCodes.NONE, responses }, sizeInBytes: allowed - budget.bytes, hasError };
}

function readPartition(
  partition: Partition | undefined,
  wanted: PartitionRequest,
  isolationLevel: number,
  unknownCode: number,
  budget: Budget,
): PartitionAnswer {
  if (partition === undefined) return failed(wanted, unknownCode);
  const epochError = leaderEpochError(wanted.currentLeaderEpoch);
  if (epochError !== ErrorCodes.NONE) return failed(wanted, epochError);
  const { highWatermark, lastStableOffset, logStartOffset } = partition;
  const fromOffset = wanted.fetchOffset;
  if (fromOffset < logStartOffset || fromOffset > highWatermark) return failed(wanted, ErrorCodes.OFFSET_OUT_OF_RANGE);
  const isCommitted = isolationLevel === READ_COMMITTED;
  const untilOffset = isCommitted ? lastStableOffset : highWatermark;
  const maxBytes = Math.min(wanted.partitionMaxBytes, budget.bytes);
  const slice = partition.read({ fromOffset, untilOffset, maxBytes, atLeastOne: budget.mayExceed });
  budget.bytes -= slice.sizeInBytes;
  if (slice.sizeInBytes > 0) budget.mayExceed = false;
  return {
    partitionIndex: wanted.partition,
    errorCode: ErrorCodes.NONE,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    abortedTransactions: isCommitted ? aborted(partition, fromOffset, slice) : null,
    records: slice.chunks,
  };
}

function aborted(
  partition: Partition,
  fromOffset: number,
  slice: LogSlice,
): { producerId: number; firstOffset: number }[] {
  if (slice.sizeInBytes === 0) return [];
  return partition
    .abortedWithin(fromOffset, slice.nextOffset)
    .map(({ producerId, firstOffset }) => ({ producerId, firstOffset }));
}

function failed(wanted: PartitionRequest, errorCode: number): PartitionAnswer {
  return {
    partitionIndex: wanted.partition,
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    abortedTransactions: [],
    records: [],
  };
}
