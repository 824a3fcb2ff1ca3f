import { type apis, ErrorCodes, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import { orWhenStorageFails } from '../storage/storage-failures.js';
import type { BrokerServices } from './services.js';

type Answer = ResponseDraftOf<typeof apis.DeleteRecords>;
type PartitionAnswer = Answer['topics'][number]['partitions'][number];

/** In place of an offset: the end of the log. */
const HIGH_WATERMARK = -1;

/** DeleteRecords: moves where partitions begin; each fails or succeeds by itself. */
export function deleteRecords(services: BrokerServices, request: RequestOf<typeof apis.DeleteRecords>): Answer {
  return {
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, offset }) => deleteOne(services, name, partitionIndex, offset)),
    })),
  };
}

function deleteOne(services: BrokerServices, name: string, partitionIndex: number, before: number): PartitionAnswer {
  const refused = (errorCode: number): PartitionAnswer => ({ partitionIndex, lowWatermark: -1, errorCode });
  const topic = services.topics.byName(name);
  const partition = topic?.partitions[partitionIndex];
  if (topic === undefined || partition === undefined) return refused(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
  // What is only compacted is never deleted: readers rely on the last record of every key.
  if (!topic.config.isDeleted) return refused(ErrorCodes.POLICY_VIOLATION);
  const offset = before === HIGH_WATERMARK ? partition.highWatermark : before;
  if (offset < 0 || offset > partition.highWatermark) return refused(ErrorCodes.OFFSET_OUT_OF_RANGE);
  return orWhenStorageFails<PartitionAnswer>(
    () => {
      services.topics.deleteRecords(topic, partition, offset);
      return { partitionIndex, lowWatermark: partition.logStartOffset, errorCode: ErrorCodes.NONE };
    },
    () => refused(ErrorCodes.KAFKA_STORAGE_ERROR),
  );
}
