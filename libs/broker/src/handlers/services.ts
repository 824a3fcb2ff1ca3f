import type { Clock } from '@millrace/kernel';
import type { Address } from '../broker-options.js';
import type { GroupCoordinator } from '../group/group-coordinator.js';
import type { TopicCatalog } from '../topics/topic-catalog.js';
import type { TransactionCoordinator } from '../transaction/transaction-coordinator.js';

/** What the handlers of all APIs work with. */
export interface BrokerServices {
  readonly clock: Clock;
  readonly nodeId: number;
  readonly clusterId: string;
  readonly topics: TopicCatalog;
  readonly groups: GroupCoordinator;
  readonly transactions: TransactionCoordinator;
  readonly autoCreateTopics: boolean;
  readonly defaultPartitions: number;
  readonly transactionVersion: 1 | 2;
  /** Where clients are told to connect to, at this moment. */
  advertised(): Address;
}

/** What a handler knows about the request besides its body. */
export interface RequestContext {
  readonly apiVersion: number;
  /** Empty when the client gave none. */
  readonly clientId: string;
  readonly clientHost: string;
  /** Calls `abandon` if the connection ends before the request is answered. */
  onAbandoned(abandon: () => void): void;
}
