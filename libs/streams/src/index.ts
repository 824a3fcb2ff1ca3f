export type { Serde } from './serde/serde.js';
export { bytes, int64, json, utf8 } from './serde/serdes.js';
export { topic, type Topic } from './topology/topic.js';
export { patternMatches, topicPattern, type TopicPattern } from './topology/topic-pattern.js';
export { Topology, type IdleAdvance, type InternalTopic, type SubTopology } from './topology/topology.js';
export type { ChangelogOptions } from './topology/changelog-configs.js';
export {
  hasChangelog,
  type GlobalTableSpec,
  type SinkSpec,
  type SourceSpec,
  type StoreSpec,
} from './topology/specs.js';
export { TopologyError } from './errors/topology-error.js';
export { TopologyChangeError } from './errors/topology-change-error.js';
export { describeTopology } from './topology/changes/describe-topology.js';
export { readDescription, writeDescription } from './topology/changes/description-text.js';
export { compareTopologies } from './topology/changes/compare-topologies.js';
export { changesInTheWay, topicInCluster } from './topology/changes/changes-in-the-way.js';
export {
  CHANGE_CLASSES,
  CHANGE_RULES,
  changeText,
  classOf,
  type ChangeClass,
  type ChangeEvidence,
  type ChangeRule,
  type TopologyChange,
} from './topology/changes/topology-change.js';
export type {
  GlobalTableDescription,
  OperatorDescription,
  RetryDescription,
  SinkDescription,
  SourceDescription,
  StoreDescription,
  SubTopologyDescription,
  TopologyDescription,
} from './topology/changes/topology-description.js';
export { TopologyBuilder, type TopologyBuilderOptions } from './dsl/topology-builder.js';
export { KStream, type StreamSerdes } from './dsl/k-stream.js';
export type { AsyncCall, AsyncMapOptions, CallRetryOptions } from './dsl/async-map.js';
export type { AsyncCallContext } from './call/async-map-node.js';
export type { CallOrder } from './call/call-window.js';
export type { CallGuard } from './call/outside-call.js';
export type { CallEnvironment } from './call/call-environment.js';
export { header, type FieldRoutes, type RouteOptions, type Routes } from './dsl/type-router.js';
export type { NamedOutputs, OutputSerdes } from './dsl/named-outputs.js';
export type { UnknownType } from './processor/type-route-node.js';
export type { DeduplicateOptions } from './dsl/deduplicate.js';
export type { StreamJoinOptions } from './dsl/stream-stream-join.js';
export type { LookupBy, TableJoinOptions } from './dsl/stream-table-join.js';
export type { UnmatchedRecords } from './join/stream-join-node.js';
export { KTable } from './dsl/k-table.js';
export { GlobalTable } from './dsl/global-table.js';
export type { TableTableJoinOptions } from './dsl/table-table-join.js';
export type { ForeignKeyJoinOptions } from './dsl/foreign-key-table-join.js';
export type { SuppressOptions } from './dsl/suppress.js';
export { GroupedStream } from './dsl/grouped-stream.js';
export { WindowedStream } from './dsl/windowed-stream.js';
export { SessionedStream, type SessionAggregateOptions } from './dsl/sessioned-stream.js';
export {
  CogroupedStream,
  type CogroupOptions,
  type SessionedCogroup,
  type WindowedCogroup,
} from './dsl/cogrouped-stream.js';
export { GroupedTable, type TableAggregateOptions, type TableReduceOptions } from './dsl/grouped-table.js';
export type { AggregateOptions, ReduceOptions, WindowedOptions } from './dsl/folds.js';
export type { EmitStrategy } from './aggregate/windowed-fold.js';
export type { EarlyResults, EmitOption } from './dsl/early-results.js';
export type { StoreOptions, TableStoreOptions } from './dsl/store-options.js';
export {
  customStore,
  keyValueStore,
  sessionStore,
  versionedStore,
  windowStore,
  type SessionKeyValueStore,
  type StoreDefinition,
  type StoreDefinitionOptions,
  type VersionedKeyValueStore,
  type WindowedKeyValueStore,
} from './dsl/store-definitions.js';
export type {
  ProcessorResolver,
  ProcessorSupplier,
  ProcessorToken,
  ValueProcessorSupplier,
} from './dsl/processor-supplier.js';
export type {
  ForwardOptions,
  Processor,
  ProcessorContext,
  ProcessorOutput,
  StreamRecord,
} from './processor/processor.js';
export type { ValueProcessor, ValueProcessorContext } from './processor/value-processor.js';
export type { Outcome } from './processor/processor-node.js';
export type { KeyValueStore, TimestampedValue } from './store/key-value-store.js';
export type { ChangelogWriter, CustomStoreEnvironment, StateStore } from './store/state-store.js';
export { GlobalStore, type ReadOnlyTable } from './store/global-store.js';
export {
  hopping,
  session,
  sliding,
  tumbling,
  type SessionWindows,
  type SlidingWindows,
  type TimeWindows,
} from './window/time-windows.js';
export { sessionKey } from './window/session-key-serde.js';
export type { Windowed } from './window/windowed.js';
export { windowedKey } from './window/windowed-key.js';
export { checkQuery } from './query/execute-query.js';
export type {
  AllWindowsQuery,
  AsOfQuery,
  KeyQuery,
  Page,
  PrefixQuery,
  RangeQuery,
  SessionsQuery,
  StoreQuery,
  StoreRow,
  WindowsQuery,
} from './query/store-query.js';
export type {
  QueryIsolation,
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedStore,
  ReadOnlyWindowStore,
} from './store/read-only-stores.js';
export { StreamTask, type ConsumedOffset, type TaskEnvironment } from './task/stream-task.js';
export { StoreSet, type Changelog } from './task/store-set.js';
export type { RecordCollector } from './task/record-collector.js';
export type { RecordRun } from './task/record-run.js';
export { TaskCounters } from './task/task-counters.js';
export { MEMORY_ENGINE, problemsOfEngines, type StoreEngines } from './task/store-engines.js';
export { ROW_FORMAT } from './store/engine/store-engine.js';
export type {
  ByteChange,
  ByteRow,
  ByteScan,
  ByteStore,
  StoragePlace,
  StoreChanges,
  StoreEngine,
  TaskStorage,
} from './store/engine/store-engine.js';
export { DEFAULT_ERROR_POLICY, type ErrorPolicy, type RetryTopicOptions } from './task/error-policy.js';
export { resolveRetry, retryDelayMs, type RetryOptions, type RetryPolicy } from './task/retry-options.js';
export { withErrorPolicy, type SourceRecovery } from './topology/recovery.js';
export { deadLetterTopic, isDeadLetterHeader } from './task/dead-letter.js';
export type { SinkBatch, SinkFence, SinkRecord, SinkWriter, TopicPartition } from './sink/sink-writer.js';
