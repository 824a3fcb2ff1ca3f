import { diagnosticsChannel } from '@millrace/kernel';

/** A connection to a broker was opened or lost. */
export interface ConnectionEvent {
  readonly event: 'opened' | 'closed';
  readonly nodeId: number;
  readonly purpose: string;
  /** Why it was closed; absent after an orderly end. */
  readonly error?: string;
}

/** A broker has answered a request. */
export interface RequestEvent {
  readonly api: string;
  readonly nodeId: number;
  readonly durationMs: number;
}

/** A call failed in a way that is worth another try; `delayMs` from now it is tried again. */
export interface RetryEvent {
  readonly what: string;
  readonly attempt: number;
  readonly delayMs: number;
  readonly error: string;
}

/** A member of a group changed state. */
export interface GroupEvent {
  readonly groupId: string;
  readonly memberId: string;
  readonly generationId: number;
  readonly event: 'joined' | 'rebalancing' | 'lost' | 'left' | 'failed';
  readonly reason?: string;
  readonly partitions?: number;
}

/** A transaction came to its end. */
export interface TransactionEvent {
  readonly transactionalId: string;
  readonly event: 'committed' | 'aborted' | 'fenced';
  readonly durationMs: number;
}

/** A partition's fetch is tried again, perhaps at another leader; has failed for good; or goes to a follower from now on (KIP-392). */
export type FetchEvent =
  | {
      readonly topic: string;
      readonly partition: number;
      readonly event: 'retrying' | 'failed';
      readonly error: string;
    }
  | {
      readonly topic: string;
      readonly partition: number;
      readonly event: 'replica';
      /** The follower. */
      readonly nodeId: number;
    };

/** What this library tells about itself; `observability` turns it into metrics and logs. */
export const clientChannels = {
  connection: diagnosticsChannel<ConnectionEvent>('client:connection'),
  request: diagnosticsChannel<RequestEvent>('client:request'),
  retry: diagnosticsChannel<RetryEvent>('client:retry'),
  group: diagnosticsChannel<GroupEvent>('client:group'),
  transaction: diagnosticsChannel<TransactionEvent>('client:transaction'),
  fetch: diagnosticsChannel<FetchEvent>('client:fetch'),
} as const;
