import { readHeaders } from '@millrace/protocol';
import { readRetryHeaders } from '../task/retry-headers.js';
import type { RawRecord } from './memory-topics.js';

/** A record in a dead-letter topic: its bytes as they came, and why it is there. */
export interface DeadLetter {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestampMs: number;
  readonly code: string;
  readonly message: string;
  /** The node that failed. */
  readonly node: string;
  /** How often it was processed. */
  readonly attempts: number;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** A record in a retry topic. */
export interface WaitingRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly retryTopic: string;
  /** Wall-clock time from which on it is tried again, in milliseconds. */
  readonly notBeforeMs: number;
  /** How often it was processed; 0 for one that only waits behind another of its key. */
  readonly attempts: number;
}

/** What the headers of a dead letter say. */
export function deadLetterOf({ key, value, timestampMs, headers }: RawRecord): DeadLetter {
  const all = headers === null ? [] : readHeaders(headers, 0, headers.length);
  const texts = new Map(all.map((header) => [header.key, header.value?.toString() ?? '']));
  const text = (name: string): string => texts.get(`dlt.${name}`) ?? '';
  return {
    key,
    value,
    timestampMs,
    code: text('error.code'),
    message: text('error.message'),
    node: text('node'),
    attempts: Number(text('attempts')),
    topic: text('topic'),
    partition: Number(text('partition')),
    offset: Number(text('offset')),
  };
}

/** The records of retry topics that are not processed yet, by when they are due. */
export function waitingRecords(
  topics: readonly string[],
  partitions: readonly number[],
  logOf: (topic: string, partition: number) => readonly RawRecord[],
): WaitingRecord[] {
  const waiting = topics.flatMap((retryTopic) =>
    partitions.flatMap((partition) =>
      logOf(retryTopic, partition).map(({ key, value, headers }): WaitingRecord => {
        const { state } = readRetryHeaders(headers ?? Buffer.from([0]), 0, headers?.length ?? 1);
        return { key, value, retryTopic, notBeforeMs: state.notBeforeMs, attempts: state.attempts };
      }),
    ),
  );
  return waiting.sort((one, other) => one.notBeforeMs - other.notBeforeMs);
}
