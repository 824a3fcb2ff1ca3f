import { describeError, dispositionOf, isMillraceError, type Clock } from '@millrace/kernel';
import type { MessageHandler } from '@nestjs/microservices';
import { Interrupted } from '../consume/interrupted.js';
import type { DeliveryScope } from '../consume/partition-worker.js';
import { errorOf } from '../errors/handler-error.js';
import { kafkaMessage } from '../record/kafka-message.js';
import { MillraceContext } from '../record/millrace.context.js';
import type { ReceivedRecord } from '../record/received-record.js';
import { throwIfClosing, type FailedRecords } from './failed-records.js';
import {
  deserialized,
  parseMessage,
  placeOf,
  settledResult,
  type HandlerHost,
  type PatternPacket,
} from './handler-host.js';
import { measured } from './measured.js';
import { replyAddress, type ReplyAddress, type ReplyProducer } from './reply-producer.js';
import { sendReplies, type ReplyPacket } from './reply-stream.js';

/** What {@link RecordHandling} works with. */
export interface HandlingContext {
  readonly groupId: string;
  readonly host: HandlerHost;
  readonly failed: FailedRecords;
  readonly replies: ReplyProducer;
  readonly clock: Clock;
  /** Tells people, not machines. */
  readonly warn: (message: string) => void;
}

/** What one attempt found out on its way, for those who deal with its failure. */
interface Attempt {
  readonly failures: number;
  pattern: string;
  /** Of a request. */
  address: ReplyAddress | undefined;
  /** The brokers have refused a reply: another one would fare no better. */
  isUnreachable: boolean;
}

const NO_MESSAGE_HANDLER = 'There is no matching message handler defined in the remote service.';

/**
 * Hands single records to their handlers: events, which are tried again and become dead letters, and requests, whose errors are
 * answers.
 */
export class RecordHandling {
  readonly #context: HandlingContext;

  constructor(context: HandlingContext) {
    this.#context = context;
  }

  /** Handles a record to its end. @throws as `HandleRecords` says. */
  async handle(record: ReceivedRecord, scope: DeliveryScope): Promise<void> {
    const { failed } = this.#context;
    for (let failures = 0; ;) {
      const attempt: Attempt = { failures, pattern: record.topic, address: undefined, isUnreachable: false };
      try {
        await this.#try(record, scope, attempt);
        if (scope.delivery.ack === 'auto' || attempt.address !== undefined) scope.settle(record.offset);
        return;
      } catch (thrown) {
        if (scope.gone.aborted || thrown instanceof Interrupted) throw new Interrupted();
        failures += 1;
        if (!scope.isOpen(record.offset)) {
          this.#context.warn(`${placeOf(record)} was acknowledged before its handler failed: ${textOf(thrown)}`);
          return;
        }
        const isRequest = attempt.address !== undefined;
        // Only what an answer could not be sent for ends a request with another disposition: its own errors are answers.
        const mayRepeat = !isRequest || dispositionOf(thrown, 'retry') === 'retry';
        if (mayRepeat && failed.actionFor(thrown, failures) === 'retry') {
          await failed.pause(attempt.pattern, thrown, failures, 1, scope);
          throwIfClosing(scope);
          continue;
        }
        if (isRequest) await this.#refuse(record, attempt, thrown, scope);
        else await failed.giveUp(record, attempt.pattern, thrown, failures, scope);
        return;
      }
    }
  }

  async #try(record: ReceivedRecord, scope: DeliveryScope, attempt: Attempt): Promise<void> {
    const { host } = this.#context;
    const message = parseMessage(host, kafkaMessage(record));
    const address = replyAddress(message.headers);
    if (host.handlerFor(record.topic)?.isEventHandler !== true) attempt.address = address;
    const packet = await deserialized(host, message, record);
    attempt.pattern = String(packet.pattern);
    const handler = host.handlerFor(attempt.pattern);
    const acknowledgement = {
      signal: scope.gone,
      ack: (offsets: readonly number[]) => offsets.forEach((offset) => scope.settle(offset)),
    };
    const failures = attempt.failures + (record.retry?.attempts ?? 0);
    const context = new MillraceContext(message, record, acknowledgement, failures);
    // Events may carry a correlation id too.
    const isRequest = address !== undefined && handler?.isEventHandler !== true;
    attempt.address = isRequest ? address : undefined;
    if (handler === null) {
      await this.#withoutHandler(record, attempt);
      scope.settle(record.offset);
      return;
    }
    const kind = isRequest ? 'request' : 'event';
    await measured(this.#context, { ...record, pattern: attempt.pattern, kind, records: 1 }, () =>
      host.withHooks(context, () =>
        isRequest
          ? this.#answer(handler, packet, context, address, attempt, scope)
          : settledResult(handler(packet.data, context), scope.gone),
      ),
    );
    // A stream that was cut off has not handled its record.
    if (scope.gone.aborted) throw new Interrupted();
  }

  async #withoutHandler(record: ReceivedRecord, { pattern, address }: Attempt): Promise<void> {
    this.#context.warn(
      `no handler of this server has the pattern '${pattern}' of ${placeOf(record)}: it is passed over`,
    );
    if (address === undefined) return;
    await this.#context.replies.send(address, { err: NO_MESSAGE_HANDLER, isDisposed: true });
  }

  #answer(
    handler: MessageHandler,
    packet: PatternPacket,
    context: MillraceContext,
    address: ReplyAddress,
    attempt: Attempt,
    scope: DeliveryScope,
  ): Promise<void> {
    const answer = this.#context.host.answerOf(handler(packet.data, context));
    const send = async (reply: ReplyPacket): Promise<void> => {
      try {
        await this.#context.replies.send(address, reply);
      } catch (error) {
        attempt.isUnreachable = isMillraceError(error);
        throw error;
      }
    };
    return sendReplies(answer, send, scope.gone);
  }

  /** Answers with an error, as far as the client can be reached at all. */
  async #refuse(
    record: ReceivedRecord,
    { address, isUnreachable }: Attempt,
    thrown: unknown,
    scope: DeliveryScope,
  ): Promise<void> {
    this.#context.warn(`the request of ${placeOf(record)} has failed: ${textOf(thrown)}`);
    const err = { status: 'error', message: errorOf(thrown).message };
    try {
      if (address !== undefined && !isUnreachable) await this.#context.replies.send(address, { err, isDisposed: true });
    } catch (error) {
      this.#context.warn(`the client of ${placeOf(record)} gets no answer: ${describeError(error)}`);
    }
    scope.settle(record.offset);
  }
}

function textOf(thrown: unknown): string {
  return describeError(errorOf(thrown));
}
