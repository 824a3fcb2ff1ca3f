import type { CommittedRecords } from '@millrace/client';
import type { RecordHeader } from '@millrace/protocol';

/** A record as it came, with bytes of its own: it may be kept for as long as anybody likes. */
export interface ReceivedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since the epoch. */
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
  /** Of a record that comes from a retry topic; everything else is as it was at first. */
  readonly retry?: {
    /** Wall-clock time from which on it is tried again, in milliseconds since the epoch. */
    readonly notBeforeMs: number;
    /** The number of its retry topic, from 1. */
    readonly tier: number;
    /** How often it was handled before. */
    readonly attempts: number;
  };
}

/** Copies the record at which `records` stands. */
export function receivedRecord(topic: string, partition: number, { cursor }: CommittedRecords): ReceivedRecord {
  return {
    topic,
    partition,
    offset: cursor.offset,
    timestampMs: cursor.timestampMs,
    key: copyOf(cursor.key()),
    value: copyOf(cursor.value()),
    headers: cursor.headerCount === 0 ? [] : cursor.headers().map(({ key, value }) => ({ key, value: copyOf(value) })),
  };
}

function copyOf(bytes: Buffer | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes);
}
