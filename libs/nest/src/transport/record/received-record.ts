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
