import { KafkaRetriableException, type WritePacket } from '@nestjs/microservices';
import type { Observable, Subscription } from 'rxjs';

/** What a client that asks gets for one value of the answer, as Nest's `Server.send` makes it. */
export type ReplyPacket = Pick<WritePacket, 'err' | 'response' | 'isDisposed'>;

/**
 * Sends the values of an answer, one after the other; the last one says that it is the last, so that an answer of one value is
 * one message.
 *
 * Resolves when all are sent. An error becomes a reply, but for a `KafkaRetriableException` before the first value.
 *
 * @param signal cuts the answer off: nothing more is sent, least of all its end, which would be an answer. Whoever handles the
 *   request next gives it.
 * @throws the `KafkaRetriableException`; what `send` throws.
 */
export async function sendReplies(
  answer: Observable<unknown>,
  send: (packet: ReplyPacket) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const waiting: ReplyPacket[] = [];
  const arrived = { wake: (): void => undefined };
  let hasBegun = false;
  let isOver = false;
  let retriable: KafkaRetriableException | undefined;
  const add = (packet: ReplyPacket): void => {
    hasBegun = true;
    waiting.push(packet);
    arrived.wake();
  };
  const end = (packet: ReplyPacket): void => {
    if (isOver) return;
    isOver = true;
    const last = waiting.pop();
    // What waits and has no error of its own may be the last one.
    if (last === undefined || packet.err !== undefined) {
      if (last !== undefined) waiting.push(last);
      add({ ...packet, isDisposed: true });
    } else {
      add({ ...last, isDisposed: true });
    }
  };
  const subscription: Subscription = answer.subscribe({
    next: (response) => add({ response }),
    error: (error: unknown) => {
      if (error instanceof KafkaRetriableException && !hasBegun) {
        retriable = error;
        isOver = true;
        arrived.wake();
        return;
      }
      end({ err: error });
    },
    complete: () => end({}),
  });
  const stop = (): void => {
    subscription.unsubscribe();
    arrived.wake();
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    // The end often comes right after the value.
    await Promise.resolve();
    while (!signal.aborted && (!isOver || waiting.length > 0)) {
      const packet = waiting.shift();
      if (packet === undefined) await new Promise<void>((resolve) => (arrived.wake = resolve));
      else await send(packet);
    }
    if (retriable !== undefined) throw retriable;
  } finally {
    signal.removeEventListener('abort', stop);
    subscription.unsubscribe();
  }
}
