export { StreamsApp, type StreamsMetrics } from './app/streams-app.js';
export type { ProcessingGuarantee, StreamsAppOptions, WorkerPlace } from './app/streams-app-options.js';
export type { AppHealth, AppState, PartitionLag, StandbyHealth, TaskHealth, ThreadHealth } from './app/app-state.js';
export type { LocalStore, StoreRole } from './app/local-store.js';
export { readMemberQuery, writeAnswers, type AnswerSource, type MemberQuery } from './query/member-protocol.js';
export {
  HttpQueryTransport,
  MEMBER_QUERIES,
  type HttpQueryTransportOptions,
  type QueryTransport,
} from './query/query-transport.js';
export { StoreQueries, type KeyLocation, type QueryAnswer, type QueryOptions } from './query/store-queries.js';
export type { DirectoryMember, TaskRole } from './query/task-directory.js';
export {
  storeReads,
  type KeyValueQueries,
  type LimitOptions,
  type RangeOptions,
  type SessionQueries,
  type TimeRange,
  type VersionedQueries,
  type WindowQueries,
  type WindowRangeOptions,
} from './query/typed-stores.js';
export { SinkApp, type SinkMetrics } from './sink/sink-app.js';
export { deadLetterCode, deadLetterHeaders, type DeadLetterOrigin } from './sink/dead-letter-headers.js';
export type { SinkErrorPolicy } from './sink/sink-error-policy.js';
export type { SinkAppOptions } from './sink/sink-options.js';
export { Backoff, type BackoffOptions } from './backoff/backoff.js';
export { INGESTED_AT_HEADER } from './sink/ingested-at.js';
export { deadLetterTopic } from './topics/topic-plan.js';
export type { ThreadState } from './thread/thread-state.js';
export {
  runtimeChannels,
  type CommittedEvent,
  type DeadLetterEvent,
  type DroppedEvent,
  type FailureEvent,
  type LagEvent,
  type LateRecordsEvent,
  type PauseEvent,
  type RetriedEvent,
  type ProcessedEvent,
  type RebalanceEvent,
  type RestoreEvent,
  type SinkWrittenEvent,
  type StandbyEvent,
  type TaskPlace,
  type TaskState,
  type TaskStateEvent,
  type ThreadPlace,
  type ThreadStateEvent,
} from './diagnostics/channels.js';
