import { describeError, isMillraceError } from '@millrace/kernel';
import { encodeHeaders, readHeaders, type RecordHeader } from '@millrace/protocol';
import type { RecordContext } from '../processor/record-context.js';
import type { RecordCollector } from './record-collector.js';

/** The topic that takes the records of `topic` that cannot be processed. */
export function deadLetterTopic(topic: string): string {
  return `${topic}-dlt`;
}

/** Whether a header was added by a dead-letter topic: what replays a record leaves these out, or they are replaced. */
export function isDeadLetterHeader(key: string): boolean {
  return key.startsWith('dlt.');
}

/**
 * Sends the current record as it came, bytes and headers, to `<topic>-dlt`, with headers that say why and where from:
 * `dlt.error.code`, `dlt.error.message`, `dlt.topic`, `dlt.partition`, `dlt.offset`, `dlt.timestamp`, `dlt.application`,
 * `dlt.node`, `dlt.attempts`, all text.
 *
 * @param place.node the node that failed, of all that the record went through.
 * @param place.attempts how often the record was processed, in place and from retry topics.
 */
export function sendDeadLetter(
  context: RecordContext,
  collector: RecordCollector,
  cause: unknown,
  place: { readonly application: string; readonly node: string; readonly attempts: number },
): void {
  const text = (key: string, value: string | number): RecordHeader => ({ key, value: Buffer.from(String(value)) });
  const headers = encodeHeaders([
    // A dead letter that was replayed and has failed again tells of its last failure only.
    ...readHeaders(context.headers, context.headersStart, context.headersEnd).filter(
      ({ key }) => !isDeadLetterHeader(key),
    ),
    text('dlt.error.code', isMillraceError(cause) ? cause.code : 'MR_TASK_FAILED'),
    text('dlt.error.message', isMillraceError(cause) ? cause.message : describeError(cause)),
    text('dlt.topic', context.topic),
    text('dlt.partition', context.partition),
    text('dlt.offset', context.offset),
    text('dlt.timestamp', context.timestampMs),
    text('dlt.application', place.application),
    text('dlt.node', place.node),
    text('dlt.attempts', place.attempts),
  ]);
  const topic = deadLetterTopic(context.topic);
  collector.send(
    topic,
    context.partition % collector.partitionCount(topic),
    context.timestampMs,
    context.buffer,
    context.keyStart,
    context.keyEnd,
    context.buffer,
    context.valueStart,
    context.valueEnd,
    headers,
    0,
    headers.length,
  );
}
