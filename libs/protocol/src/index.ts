export { apiByKey, apis } from './messages/apis.js';
export type { AnyApi, Api, RequestDraftOf, RequestOf, ResponseDraftOf, ResponseOf } from './schema/api.js';
export type { RecordsDraft } from './schema/scalars.js';
export {
  decodeRequestFrame,
  decodeResponseFrame,
  encodeRequestFrame,
  encodeResponseFrame,
  peekCorrelationId,
  type RequestFrame,
  type RequestHeader,
  type ResponseFrame,
} from './frame/frames.js';
export { FrameDecoder } from './frame/frame-decoder.js';
export { Reader } from './wire/reader.js';
export { Writer } from './wire/writer.js';
export { GrowingBytes } from './wire/growing-bytes.js';
export { ProtocolError } from './errors/protocol-error.js';
export {
  ERRORS,
  ErrorCodes,
  errorName,
  isRetriable,
  type ErrorDescription,
  type ErrorName,
} from './errors/kafka-errors.js';
export {
  consumerProtocol,
  type Assignment,
  type AssignmentDraft,
  type Subscription,
  type SubscriptionDraft,
} from './consumer-protocol/consumer-protocol.js';
export { RecordBatchCursor } from './records/record-batch-cursor.js';
export { RecordBatchBuilder, type BuildOptions, type TakenBatch } from './records/record-batch-builder.js';
export { encodeHeaders, readHeaders, type RecordHeader } from './records/record-headers.js';
export {
  batchSizeAt,
  patchBatchForLog,
  readBatchHeader,
  validateBatch,
  type BatchHeader,
  type TimestampType,
} from './records/batch-header.js';
export {
  buildControlBatch,
  parseControlRecord,
  type ControlBatchOptions,
  type TransactionEnd,
} from './records/control-batch.js';
export { COMPRESSIONS, type Compression } from './compression/compression.js';
export { decrementSequence, incrementSequence } from './records/sequence.js';
export { crc32c } from './records/crc32c.js';
export { murmur2, partitionForKey } from './partitioner/murmur2.js';
export { MAX_PARTITION, mayBePartition } from './partitioner/partition-number.js';
