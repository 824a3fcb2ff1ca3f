import type { RecordProducer } from '@millrace/client';
import { mayBePartition } from '@millrace/protocol';
import { KafkaHeaders, type Serializer } from '@nestjs/microservices';
import { bytesOf, headersOf, type OutgoingMessage } from '../record/outgoing-record.js';
import type { ReplyPacket } from './reply-stream.js';

/** Where a request wants its answer. */
export interface ReplyAddress {
  readonly correlationId: string;
  readonly topic: string;
  /** `undefined` when the request leaves it to the key. */
  readonly partition: number | undefined;
}

type Headers = Readonly<Record<string, unknown>>;

/**
 * The address of the answer, when the message asks for one; by the headers of Nest's `ClientKafka`. A partition that cannot be
 * one counts as none.
 */
export function replyAddress(headers: Headers): ReplyAddress | undefined {
  const correlationId = textOf(headers[KafkaHeaders.CORRELATION_ID]);
  const topic = textOf(headers[KafkaHeaders.REPLY_TOPIC]);
  if (correlationId === undefined || topic === undefined) return undefined;
  const partition = Number.parseFloat(textOf(headers[KafkaHeaders.REPLY_PARTITION]) ?? '');
  return { correlationId, topic, partition: mayBePartition(partition) ? partition : undefined };
}

/** Sends answers in the form that Nest's `ClientKafka` reads. */
export class ReplyProducer {
  readonly #producer: RecordProducer;
  readonly #serializer: Serializer;

  constructor(producer: RecordProducer, serializer: Serializer) {
    this.#producer = producer;
    this.#serializer = serializer;
  }

  /** Resolves when the reply is in its topic. Throws as `RecordProducer.sendAndWait`. */
  async send({ correlationId, topic, partition }: ReplyAddress, packet: ReplyPacket): Promise<void> {
    const message = (await this.#serializer.serialize(packet.response)) as OutgoingMessage;
    const headers = headersOf({ ...message.headers, [KafkaHeaders.CORRELATION_ID]: correlationId });
    // Checked as Nest's transport does: `throw null` is an answer without error there.
    if (packet.err) headers.push({ key: KafkaHeaders.NEST_ERR, value: bytesOf(packet.err) });
    if (packet.isDisposed === true) headers.push({ key: KafkaHeaders.NEST_IS_DISPOSED, value: Buffer.alloc(1) });
    const target = partition ?? message.partition;
    await this.#producer.sendAndWait(topic, bytesOf(message.key), bytesOf(message.value), {
      headers,
      ...(target !== undefined && { partition: target }),
      ...(message.timestamp !== undefined && { timestampMs: Number(message.timestamp) }),
    });
  }
}

function textOf(header: unknown): string | undefined {
  if (typeof header === 'string' && header !== '') return header;
  if (typeof header === 'number') return String(header);
  return Buffer.isBuffer(header) && header.length > 0 ? header.toString('utf8') : undefined;
}
