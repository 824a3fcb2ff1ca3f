export { BatchEventPattern } from './batch-event-pattern.decorator.js';
export type { PartitionProgress, ReaderState } from './consume/group-reader.js';
export type { DeliveryOptions, HandlerExtras } from './delivery-options.js';
export type { TransportErrorPolicy } from './error-policy.js';
export { BatchFailedException, type FailedRecord } from './errors/batch-failed.exception.js';
export { KeepErrorsFilter } from './errors/keep-errors.filter.js';
export { RejectedRecordException } from './errors/rejected-record.exception.js';
export type { MillraceServerOptions, MissingTopics, NestKafkaOptions } from './millrace-server-options.js';
export {
  MillraceServer,
  type MillraceServerEvents,
  type MillraceServerHealth,
  type MillraceServerParts,
  type MillraceServerStatus,
} from './millrace-server.js';
export { MillraceBatchContext, MillraceContext } from './record/millrace.context.js';
export type { ReceivedRecord } from './record/received-record.js';
export { transportChannels, type HandledEvent } from './transport-channels.js';
export { MillraceTransportModule, type MillraceTransportAsyncOptions } from './module/millrace-transport.module.js';
export { TransportHealth, TransportHealthIndicator, TransportServers } from './module/transport-servers.js';
