/** The headers that a record gets on its way to a dead-letter topic; all values are UTF-8 text. */
export const DEAD_LETTER_HEADERS = {
  code: 'dlt.error.code',
  message: 'dlt.error.message',
  topic: 'dlt.topic',
  partition: 'dlt.partition',
  offset: 'dlt.offset',
  timestampMs: 'dlt.timestamp',
  application: 'dlt.application',
  node: 'dlt.node',
  attempts: 'dlt.attempts',
} as const;

/** Why a record was set aside and where it came from. Its bytes and its other headers are the original ones. */
export interface DeadLetterReason {
  /** An error code of Millrace, such as `MR_RECORD_UNREADABLE`. */
  readonly code: string;
  readonly message: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  /** Id of the application that set it aside. */
  readonly application: string;
  /** Name of the node of the topology at which it failed. */
  readonly node: string;
  /** How often it was processed, in place and from retry topics; 1 where nobody says. */
  readonly attempts: number;
}

interface TextHeader {
  readonly key: string;
  readonly value: Buffer | null;
}

/** The reason as record headers, in a fixed order. */
export function deadLetterHeaders(reason: DeadLetterReason): readonly { key: string; value: Buffer }[] {
  return Object.entries(DEAD_LETTER_HEADERS).map(([field, key]) => ({
    key,
    value: Buffer.from(String(reason[field as keyof DeadLetterReason]), 'utf8'),
  }));
}

/**
 * Reads the reason back from a record's headers; the last header of a name counts, so a record that was replayed and failed
 * again tells of its last failure. `undefined` when the headers are not those of a dead letter.
 */
export function readDeadLetterReason(headers: readonly TextHeader[]): DeadLetterReason | undefined {
  const texts = new Map(headers.map(({ key, value }) => [key, value?.toString('utf8')]));
  const text = (field: keyof DeadLetterReason): string | undefined => texts.get(DEAD_LETTER_HEADERS[field]);
  const whole = (field: keyof DeadLetterReason): number => Number(text(field) ?? NaN);
  const reason = {
    code: text('code') ?? '',
    message: text('message') ?? '',
    topic: text('topic') ?? '',
    partition: whole('partition'),
    offset: whole('offset'),
    timestampMs: whole('timestampMs'),
    application: text('application') ?? '',
    node: text('node') ?? '',
    attempts: Number(text('attempts') ?? 1),
  };
  const isComplete = reason.code !== '' && reason.topic !== '' && reason.partition >= 0 && reason.offset >= 0;
  return isComplete ? reason : undefined;
}
