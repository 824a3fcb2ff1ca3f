import { diagnosticsChannel } from '@millrace/kernel';

/** Recovery found bytes at the end of a file that no finished write left there, and cut them off. */
export interface TornTailTruncatedEvent {
  /** The file, relative to the state directory. */
  readonly file: string;
  readonly keptBytes: number;
  readonly droppedBytes: number;
  /** What was wrong with the first dropped byte range. */
  readonly reason: string;
}

/** A transaction that was being ended when the broker died was finished during recovery. */
export interface TransactionResumedEvent {
  readonly transactionalId: string;
  readonly outcome: 'commit' | 'abort';
  readonly partitions: number;
}

/** A connection was opened, or ended for the named reason. */
export interface ConnectionEvent {
  readonly connectionId: number;
  readonly remote: string;
  readonly kind: 'opened' | 'closed';
  /** Absent after an orderly end. */
  readonly reason?: string;
}

/** A request could not be understood or not be served; its connection was closed. */
export interface RequestRefusedEvent {
  readonly connectionId: number;
  readonly remote: string;
  /** The API by name, or its key as text when it is unknown. */
  readonly api: string;
  readonly apiVersion: number | undefined;
  readonly clientId: string | null;
  readonly reason: string;
}

/** A group changed its state. */
export interface GroupStateEvent {
  readonly groupId: string;
  readonly from: string;
  readonly to: string;
  readonly generationId: number;
  readonly members: number;
  readonly reason: string;
}

/** A transaction changed its state. */
export interface TransactionStateEvent {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly from: string;
  readonly to: string;
}

/** A write to the state directory failed; the request was answered with KAFKA_STORAGE_ERROR. */
export interface StorageFailedEvent {
  readonly file: string;
  readonly reason: string;
}

/** What the broker tells about itself; `observability` turns it into metrics and logs. */
export const brokerChannels = {
  tornTailTruncated: diagnosticsChannel<TornTailTruncatedEvent>('broker:torn-tail-truncated'),
  transactionResumed: diagnosticsChannel<TransactionResumedEvent>('broker:transaction-resumed'),
  connection: diagnosticsChannel<ConnectionEvent>('broker:connection'),
  requestRefused: diagnosticsChannel<RequestRefusedEvent>('broker:request-refused'),
  groupState: diagnosticsChannel<GroupStateEvent>('broker:group-state'),
  transactionState: diagnosticsChannel<TransactionStateEvent>('broker:transaction-state'),
  storageFailed: diagnosticsChannel<StorageFailedEvent>('broker:storage-failed'),
} as const;
