import type { Dialer } from '@millrace/kernel';

/** What a contract asks of a broker that is started for it. */
export interface ContractBrokerOptions {
  /** Level of the feature `transaction.version`. */
  readonly transactionVersion: 1 | 2;
}

/** A running broker under contract. */
export interface ContractBroker {
  /** `host:port`, for the client under test. */
  readonly bootstrap: readonly string[];
  /** Opens the client's connections; absent for TCP. */
  readonly dialer?: Dialer;
  /** `host:port` over TCP, for other clients. */
  readonly tcpBootstrap: readonly string[];
  stop(): Promise<void>;
}

/** Starts a broker with no topics. */
export type StartBroker = (options: ContractBrokerOptions) => Promise<ContractBroker>;
