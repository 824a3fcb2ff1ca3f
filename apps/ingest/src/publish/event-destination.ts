import type { RecordHeader } from '@millrace/protocol';

/**
 * Where encoded events go: the gateway's own producer, or the transactional one of a replay.
 *
 * `send` takes the record into the batch of its partition and returns at once.
 *
 * @throws {TransientError} (retry) from `send` when the buffer is full: back pressure.
 */
export interface EventDestination {
  send(topic: string, key: Uint8Array | null, value: Uint8Array | null, options: EventDestinationOptions): void;
}

/** What a record has besides key and value. */
export interface EventDestinationOptions {
  /** The record's timestamp: the time of the event, in milliseconds since the epoch. */
  readonly timestampMs: number;
  readonly headers: readonly RecordHeader[];
}
