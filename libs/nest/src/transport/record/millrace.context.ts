import { FatalError } from '@millrace/kernel';
import type { RecordHeader } from '@millrace/protocol';
import { KafkaContext } from '@nestjs/microservices';
import type { ReceivedRecord } from './received-record.js';

/** What a context can do about its record. */
export interface Acknowledgement {
  /** Aborted when the partition belongs to somebody else already, or the handler's time to end is over. */
  readonly signal: AbortSignal;
  /** Settles records, by their offsets. */
  ack(offsets: readonly number[]): void;
}

/** A parsed message, as Nest's parser makes it: key, value and headers decoded, numbers as decimal text. */
export type ParsedMessage = ReturnType<KafkaContext['getMessage']>;

const NO_HEARTBEAT = (): Promise<void> => Promise.resolve();

/**
 * What a handler learns of its record, by `@Ctx()`. It is a `KafkaContext`, so that handlers, interceptors and filters that
 * were written for Nest's own transport go on working; heartbeats go on by themselves whatever a handler does.
 */
export class MillraceContext extends KafkaContext {
  readonly #record: ReceivedRecord;
  readonly #acknowledgement: Acknowledgement;
  /** How often the record has failed before, retry topics included, as far as this process knows. */
  readonly failures: number;

  constructor(message: ParsedMessage, record: ReceivedRecord, acknowledgement: Acknowledgement, failures: number) {
    super([
      message,
      record.partition,
      record.topic,
      missing(
        'getConsumer()',
        CONSUMER_CALLS,
        'offsets are committed by themselves; to say when, use `ack: "manual"` and context.ack()',
      ),
      NO_HEARTBEAT,
      missing('getProducer()', PRODUCER_CALLS, 'send with a client of your own, or with server.unwrap().producer'),
    ]);
    this.#record = record;
    this.#acknowledgement = acknowledgement;
    this.failures = failures;
  }

  get topic(): string {
    return this.#record.topic;
  }

  get partition(): number {
    return this.#record.partition;
  }

  get offset(): number {
    return this.#record.offset;
  }

  /** Milliseconds since the epoch. */
  get timestampMs(): number {
    return this.#record.timestampMs;
  }

  /** The key as it came. */
  get key(): Buffer | null {
    return this.#record.key;
  }

  /** The value as it came. */
  get value(): Buffer | null {
    return this.#record.value;
  }

  /** The headers as they came, in their order. */
  get headers(): readonly RecordHeader[] {
    return this.#record.headers;
  }

  /** The last header of that name as text; `undefined` when there is none. */
  header(name: string): string | undefined {
    return this.#record.headers.findLast(({ key }) => key === name)?.value?.toString('utf8');
  }

  /** Aborted when the partition belongs to somebody else already, or the handler's time to end is over. */
  get signal(): AbortSignal {
    return this.#acknowledgement.signal;
  }

  /** Says that the record is done, for `ack: 'manual'`. May be called after the handler has ended; a second call does nothing. */
  ack(): void {
    this.#acknowledgement.ack([this.#record.offset]);
  }
}

/** What a handler of batches learns of its records, by `@Ctx()`; they all come from one partition. */
export class MillraceBatchContext extends MillraceContext {
  readonly #records: readonly ReceivedRecord[];
  readonly #acknowledgement: Acknowledgement;
  /** The messages as Nest's parser makes them, in the order of the payload. */
  readonly messages: readonly ParsedMessage[];

  constructor(
    messages: readonly ParsedMessage[],
    records: readonly ReceivedRecord[],
    acknowledgement: Acknowledgement,
    failures: number,
  ) {
    super(messages[0] as ParsedMessage, records[0] as ReceivedRecord, acknowledgement, failures);
    this.messages = messages;
    this.#records = records;
    this.#acknowledgement = acknowledgement;
  }

  /** The records as they came, in the order of the payload. */
  get records(): readonly ReceivedRecord[] {
    return this.#records;
  }

  /** Says that all records are done, for `ack: 'manual'`; with `index`, those up to and including that place. */
  override ack(index = this.#records.length - 1): void {
    this.#acknowledgement.ack(this.#records.slice(0, index + 1).map(({ offset }) => offset));
  }
}

const CONSUMER_CALLS = ['commitOffsets', 'seek', 'pause', 'resume', 'run', 'subscribe', 'stop', 'disconnect', 'on'];
const PRODUCER_CALLS = ['send', 'sendBatch', 'transaction', 'connect', 'disconnect', 'on'];

/** Stands for an object of kafkajs that is not there: whoever calls it learns what to use instead. */
function missing<T extends object>(getter: string, calls: readonly string[], remedy: string): T {
  const refuse = (call: string) => (): never => {
    const message = `${getter}.${call}() of a KafkaContext belongs to kafkajs, which is not used here: ${remedy}`;
    throw new FatalError('MR_LIFECYCLE_ORDER', message);
  };
  return Object.fromEntries(calls.map((call) => [call, refuse(call)])) as T;
}
