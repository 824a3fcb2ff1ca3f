import type { BaseRpcContext, Deserializer, KafkaParser, MessageHandler, ReadPacket } from '@nestjs/microservices';
import { defaultIfEmpty, isObservable, lastValueFrom, takeUntil, Observable } from 'rxjs';
import { RecordError, isMillraceError } from '@millrace/kernel';
import type { ParsedMessage } from '../record/millrace.context.js';
import type { ReceivedRecord } from '../record/received-record.js';

/** What handling records needs of Nest's server. */
export interface HandlerHost {
  readonly parser: KafkaParser;
  readonly deserializer: Deserializer;
  /** The handler of a pattern, or of the first regular expression that matches it. */
  handlerFor(pattern: string): MessageHandler | null;
  /** The answer of a handler, whatever it returns. */
  answerOf(returned: unknown): Observable<unknown>;
  /** Runs `work` between the processing hooks of Nest, and waits for it. */
  withHooks(context: BaseRpcContext, work: () => Promise<void>): Promise<void>;
}

/** A message in the form that Nest's clients and deserializers know. */
export type PatternPacket = ReadPacket<unknown>;

/** Parsed as Nest's transport does: text, or the JSON that the text holds; headers always an object. */
export function parseMessage(host: HandlerHost, raw: object): ParsedMessage & { headers: Record<string, unknown> } {
  return host.parser.parse(raw);
}

/**
 * Pattern and data of a message.
 *
 * @throws {RecordError} (dead-letter) `MR_RECORD_UNREADABLE` when the deserializer has no error with a disposition of its own.
 */
export async function deserialized(host: HandlerHost, message: object, record: ReceivedRecord): Promise<PatternPacket> {
  try {
    return (await host.deserializer.deserialize(message, { channel: record.topic })) as PatternPacket;
  } catch (cause) {
    if (isMillraceError(cause)) throw cause;
    const { topic, partition, offset } = record;
    const place = { topic, partition, offset };
    throw new RecordError('MR_RECORD_UNREADABLE', `the deserializer refused ${placeOf(record)}`, { cause, place });
  }
}

/** Names a record in sentences for people. */
export function placeOf({ topic, partition, offset }: ReceivedRecord): string {
  return `${topic}-${partition} at offset ${offset}`;
}

/** Waits for the last value of what an event handler has returned; errors of streams included. */
export async function settledResult(returned: unknown, signal: AbortSignal): Promise<void> {
  const result = await returned;
  if (!isObservable(result)) return;
  await lastValueFrom(result.pipe(takeUntil(aborted(signal)), defaultIfEmpty(undefined)));
}

function aborted(signal: AbortSignal): Observable<void> {
  return new Observable((subscriber) => {
    const abort = (): void => subscriber.next();
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    return () => signal.removeEventListener('abort', abort);
  });
}
