import { diagnosticsChannel } from '@millrace/kernel';

/** A handler has ended, well or not. */
export interface HandledEvent {
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  /** The handler's pattern. */
  readonly pattern: string;
  readonly kind: 'event' | 'batch' | 'request';
  readonly records: number;
  readonly durationMs: number;
  readonly outcome: 'done' | 'failed';
}

/**
 * What the transport tells besides the channels of the runtime: retries, dead letters, lag, rebalances and failures are published
 * there (`runtime.*`, with the group's id as `applicationId` and `transport` as `thread`), so that the same metrics, alerts and
 * dashboards show them.
 */
export const transportChannels = {
  handled: diagnosticsChannel<HandledEvent>('transport.handled'),
} as const;
