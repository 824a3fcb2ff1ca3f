import { type apis, ErrorCodes, type BatchHeader, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import { refused, type AppendResult } from '../partition/append-result.js';
import { checkBatch } from '../partition/batch-validation.js';
import type { Partition } from '../partition/partition.js';
import { orWhenStorageFails } from '../storage/storage-failures.js';
import { participationError } from './participation.js';
import { CLOSE_CONNECTION, NO_ANSWER } from './route.js';
import type { BrokerServices, RequestContext } from './services.js';

type Request = RequestOf<typeof apis.Produce>;
type Answer = ResponseDraftOf<typeof apis.Produce>;

/** A batch that passed the checks of its content, on its way to its partition. */
interface Candidate {
  readonly topic: string;
  readonly partition: Partition;
  readonly records: Buffer;
  readonly header: BatchHeader;
}

/** Produce: appends one batch per partition; each partition fails or succeeds by itself. */
export function produce(
  services: BrokerServices,
  request: Request,
  context: RequestContext,
): Answer | typeof NO_ANSWER | typeof CLOSE_CONNECTION {
  const results = new Map<object, AppendResult | Candidate>();
  const candidates: Candidate[] = [];
  for (const topic of request.topicData) {
    for (const part of topic.partitionData) {
      const checked = check(services, topic.name, part.index, part.records, request.acks, context.apiVersion);
      results.set(part, checked);
      if ('header' in checked) candidates.push(checked);
    }
  }
  const inTransaction = transactionErrors(services, request.transactionalId, candidates, context.apiVersion);
  const answer: Answer = {
    responses: request.topicData.map((topic) => ({
      name: topic.name,
      partitionResponses: topic.partitionData.map((part) => {
        const checked = results.get(part) as AppendResult | Candidate;
        const result = 'header' in checked ? append(checked, inTransaction.get(checked)) : checked;
        const isAppended = 'header' in checked && result.errorCode === ErrorCodes.NONE;
        return { index: part.index, logStartOffset: isAppended ? checked.partition.logStartOffset : -1, ...result };
      }),
    })),
  };
  if (request.acks !== 0) return answer;
  const failed = answer.responses.some((topic) =>
    topic.partitionResponses.some((each) => each.errorCode !== ErrorCodes.NONE),
  );
  // A producer that wants no answer learns of a failure by losing its connection.
  return failed ? CLOSE_CONNECTION : NO_ANSWER;
}

function check(
  services: BrokerServices,
  topic: string,
  index: number,
  records: Buffer | null,
  acks: number,
  apiVersion: number,
): AppendResult | Candidate {
  if (acks < -1 || acks > 1) return refused(ErrorCodes.INVALID_REQUIRED_ACKS, `acks is ${acks}; use -1, 0 or 1`);
  const partition = services.topics.partition(topic, index);
  if (partition === undefined) {
    return refused(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION, `there is no partition ${index} of topic ${topic}`);
  }
  const checked = checkBatch(records, partition.config, apiVersion, services.clock.nowMs());
  if ('errorCode' in checked) return refused(checked.errorCode, checked.reason);
  return { topic, partition, records: records as Buffer, header: checked };
}

/** Sees that each transactional batch belongs to its producer's open transaction; the error code for those that do not. */
function transactionErrors(
  services: BrokerServices,
  transactionalId: string | null,
  candidates: readonly Candidate[],
  apiVersion: number,
): Map<Candidate, number> {
  const errors = new Map<Candidate, number>();
  if (transactionalId === null) {
    for (const each of candidates) {
      if (each.header.isTransactional) errors.set(each, ErrorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    }
    return errors;
  }
  // A batch that continues a transaction of the partition needs no second look (KIP-890).
  const joining = candidates.filter(
    ({ header, partition }) =>
      header.isTransactional && !partition.isInTransaction(header.producerId, header.producerEpoch),
  );
  const first = joining[0];
  if (first === undefined) return errors;
  const { producerId, producerEpoch } = first.header;
  const together = joining.filter(
    ({ header }) => header.producerId === producerId && header.producerEpoch === producerEpoch,
  );
  const partitions = together.map(({ topic, partition }) => [topic, partition.index] as const);
  const producer = { transactionalId, producerId, producerEpoch };
  const errorCode = participationError(services, 'produce', apiVersion, producer, { partitions, groups: [] });
  for (const each of joining) {
    const code = together.includes(each) ? errorCode : ErrorCodes.INVALID_PRODUCER_ID_MAPPING;
    if (code !== ErrorCodes.NONE) errors.set(each, code);
  }
  return errors;
}

function append(candidate: Candidate, transactionError: number | undefined): AppendResult {
  if (transactionError !== undefined) {
    return refused(transactionError, 'the batch is not part of an open transaction of this producer');
  }
  return orWhenStorageFails(
    () => candidate.partition.append(candidate.records, candidate.header),
    () => refused(ErrorCodes.KAFKA_STORAGE_ERROR, 'the batch could not be written to the log'),
  );
}
