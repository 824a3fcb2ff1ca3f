import { diagnosticsChannel } from '@millrace/kernel';

/** A call through a policy has ended, with all its tries. */
export interface CallEvent {
  readonly policy: string;
  /** `refused`: by an open breaker or a full bulkhead, without trying. `aborted`: by the caller's signal. */
  readonly outcome: 'succeeded' | 'failed' | 'refused' | 'aborted';
  readonly attempts: number;
  /** From the call to its end, waiting between tries included. */
  readonly durationMs: number;
}

/** A try failed; after `delayMs` there will be another. */
export interface RetryEvent {
  readonly policy: string;
  /** The try that failed; 1 is the first. */
  readonly attempt: number;
  readonly delayMs: number;
  /** Code of the error, or its class where it has none; never its message, which may quote data. */
  readonly error: string;
}

/** A breaker changed its state. */
export interface BreakerEvent {
  readonly policy: string;
  readonly state: BreakerState;
}

/** `closed`: calls go through. `open`: calls are refused. `half-open`: one call goes through to find out. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** A try took longer than allowed. */
export interface TimeoutEvent {
  readonly policy: string;
  readonly timeoutMs: number;
}

/** A bulkhead was full, with all the places of its queue. */
export interface BulkheadEvent {
  readonly policy: string;
  readonly concurrency: number;
  readonly queue: number;
}

/** What policies tell about themselves; `observability` turns it into metrics. */
export const resilienceChannels = {
  call: diagnosticsChannel<CallEvent>('resilience:call'),
  retry: diagnosticsChannel<RetryEvent>('resilience:retry'),
  breaker: diagnosticsChannel<BreakerEvent>('resilience:breaker'),
  timeout: diagnosticsChannel<TimeoutEvent>('resilience:timeout'),
  bulkhead: diagnosticsChannel<BulkheadEvent>('resilience:bulkhead'),
} as const;
