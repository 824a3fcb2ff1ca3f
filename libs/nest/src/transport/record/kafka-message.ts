import type { RecordHeader } from '@millrace/protocol';
import type { ReceivedRecord } from './received-record.js';

/** A header as kafkajs hands it out: several bytes when it came several times. */
export type MessageHeader = Buffer | null | (Buffer | null)[];

/** A record in the words of kafkajs, as Nest's parser and deserializers expect it; numbers are decimal text there. */
export interface RawKafkaMessage {
  readonly topic: string;
  readonly partition: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Milliseconds since the epoch. */
  readonly timestamp: string;
  readonly attributes: number;
  readonly offset: string;
  readonly headers: Readonly<Record<string, MessageHeader>>;
}

/** Puts a record into the words of kafkajs. */
export function kafkaMessage(record: ReceivedRecord): RawKafkaMessage {
  const { topic, partition, key, value, timestampMs, offset, headers } = record;
  return {
    topic,
    partition,
    key,
    value,
    timestamp: String(timestampMs),
    attributes: 0,
    offset: String(offset),
    headers: headersByName(headers),
  };
}

function headersByName(headers: readonly RecordHeader[]): Record<string, MessageHeader> {
  // A header may be called `__proto__`: on an object without prototype that is a name like any other.
  const byName = Object.create(null) as Record<string, MessageHeader>;
  for (const { key, value } of headers) {
    const present = byName[key];
    if (present === undefined) byName[key] = value;
    else byName[key] = Array.isArray(present) ? [...present, value] : [present, value];
  }
  return byName;
}
