export { Admin, type AdminOptions, type CreatedTopic, type NewTopic } from './admin/admin.js';
export type { RecordsToDelete } from './admin/delete-records.js';
export type { ListedOffset, OffsetQuery } from './admin/list-offsets.js';
export type { ClusterOptions } from './cluster/cluster-options.js';
export { Cluster, type ClusterFeatures } from './cluster/cluster.js';
export { TcpDialer, type TcpDialerOptions } from './connection/tcp-dialer.js';
export { Consumer, type ConsumerOptions } from './consumer/consumer.js';
export {
  clientChannels,
  type ConnectionEvent,
  type FetchEvent,
  type GroupEvent,
  type RequestEvent,
  type RetryEvent,
  type TransactionEvent,
} from './diagnostics/channels.js';
export { CommittedRecords } from './fetch/committed-records.js';
export type { FetcherOptions } from './fetch/fetch-options.js';
export type { AbortedTransaction, FetchedBatch } from './fetch/fetched-batch.js';
export { Fetcher, type AssignedPartition } from './fetch/fetcher.js';
export type { AssignedShare, Assignor, AssignorMember } from './group/assignors/assignor.js';
export { cooperativeStickyAssignor } from './group/assignors/cooperative-sticky-assignor.js';
export { rangeAssignor } from './group/assignors/range-assignor.js';
export { roundRobinAssignor } from './group/assignors/round-robin-assignor.js';
export type { CommittedOffset } from './group/committed-offsets.js';
export type { GroupMembership } from './group/group-membership.js';
export { GroupMember } from './group/group-member.js';
export type { GroupMetadata } from './group/group-metadata.js';
export type { AssignmentInfo, GroupMemberOptions } from './group/group-options.js';
export type { PartitionMetadata, TopicMetadata, TopicPartition } from './metadata/topic-metadata.js';
export type { RecordPlace } from './producer/open-batch.js';
export type { ProduceResult } from './producer/pending-batch.js';
export type { ProducerOptions } from './producer/producer-options.js';
export { Producer } from './producer/producer.js';
export type { TrackedRecords } from './producer/tracked-records.js';
export { RecordProducer, type RecordOptions, type RecordProducerOptions } from './producer/record-producer.js';
export type { SaslOptions } from './sasl/sasl.js';
export { StreamsGroupMember } from './streams-group/streams-group-member.js';
export type {
  StreamsAssignment,
  StreamsChangelog,
  StreamsGroupMemberOptions,
  StreamsSubtopology,
  StreamsTaskId,
  StreamsTaskOffset,
} from './streams-group/streams-group-options.js';
export type { OffsetToCommit } from './transaction/transactional-offsets.js';
