import { describeError, isMillraceError } from '@millrace/kernel';
import type { RecordHeader } from '@millrace/protocol';

/** Where a record that failed came from. */
export interface DeadLetterOrigin {
  readonly application: string;
  /** The node of the topology, or the name of the sink, at which it failed. */
  readonly node: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  /** How often it was tried. */
  readonly attempts: number;
}

/** The headers that a dead letter gets on top of its own: why it failed and where it came from, as UTF-8 text. */
export function deadLetterHeaders(error: unknown, origin: DeadLetterOrigin): RecordHeader[] {
  const fields = {
    'dlt.error.code': deadLetterCode(error),
    'dlt.error.message': error instanceof Error ? error.message : describeError(error),
    'dlt.topic': origin.topic,
    'dlt.partition': origin.partition,
    'dlt.offset': origin.offset,
    'dlt.timestamp': origin.timestampMs,
    'dlt.application': origin.application,
    'dlt.node': origin.node,
    'dlt.attempts': origin.attempts,
  };
  return Object.entries(fields).map(([key, value]) => ({ key, value: Buffer.from(String(value), 'utf8') }));
}

/** The code that a dead letter is counted under; what is not an error of Millrace was raised by the record's own handling. */
export function deadLetterCode(error: unknown): string {
  return isMillraceError(error) ? error.code : 'MR_RECORD_REJECTED';
}
