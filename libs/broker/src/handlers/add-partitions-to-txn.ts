import { type apis, ErrorCodes, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import { orWhenStorageFails } from '../storage/storage-failures.js';
import type { BrokerServices, RequestContext } from './services.js';
import { fencedFor } from './transaction-errors.js';

const PRODUCER_FENCED_SINCE_VERSION = 2;

/** AddPartitionsToTxn: a producer of transaction version 1 says where it is going to write. All partitions are added or none. */
export function addPartitionsToTxn(
  services: BrokerServices,
  request: RequestOf<typeof apis.AddPartitionsToTxn>,
  context: RequestContext,
): ResponseDraftOf<typeof apis.AddPartitionsToTxn> {
  const topics = request.v3AndBelowTopics;
  const partitions = topics.flatMap(({ name, partitions: indexes }) => indexes.map((index) => [name, index] as const));
  const isUnknown = (topic: string, index: number): boolean => services.topics.partition(topic, index) === undefined;
  const someUnknown = partitions.some(([topic, index]) => isUnknown(topic, index));
  const errorCode = someUnknown ? ErrorCodes.OPERATION_NOT_ATTEMPTED : add(services, request, partitions);
  const reported = fencedFor(context.apiVersion, PRODUCER_FENCED_SINCE_VERSION, errorCode);
  return {
    resultsByTopicV3AndBelow: topics.map(({ name, partitions: indexes }) => ({
      name,
      resultsByPartition: indexes.map((partitionIndex) => ({
        partitionIndex,
        partitionErrorCode: isUnknown(name, partitionIndex) ? ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION : reported,
      })),
    })),
  };
}

function add(
  services: BrokerServices,
  request: RequestOf<typeof apis.AddPartitionsToTxn>,
  partitions: readonly (readonly [topic: string, partition: number])[],
): number {
  const producer = {
    transactionalId: request.v3AndBelowTransactionalId,
    producerId: request.v3AndBelowProducerId,
    producerEpoch: request.v3AndBelowProducerEpoch,
  };
  return orWhenStorageFails<number>(
    () => services.transactions.add(producer, { partitions, groups: [] }),
    () => ErrorCodes.COORDINATOR_NOT_AVAILABLE,
  );
}
