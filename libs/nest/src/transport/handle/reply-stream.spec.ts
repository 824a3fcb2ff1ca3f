import { describe, expect, it } from '@jest/globals';
import { KafkaRetriableException } from '@nestjs/microservices';
import { EMPTY, NEVER, Subject, concat, from, of, throwError, type Observable } from 'rxjs';
import { sendReplies, type ReplyPacket } from './reply-stream.js';

async function repliesOf(answer: Observable<unknown>, signal = new AbortController().signal): Promise<ReplyPacket[]> {
  const sent: ReplyPacket[] = [];
  await sendReplies(answer, async (packet) => void sent.push(packet), signal);
  return sent;
}

describe('sendReplies', () => {
  it('says with the last value that it is the last', async () => {
    expect(await repliesOf(from(Promise.resolve(1)))).toEqual([{ response: 1, isDisposed: true }]);
    expect(await repliesOf(of(1, 2))).toEqual([{ response: 1 }, { response: 2, isDisposed: true }]);
  });

  it('says so by a message of its own when the end comes later, or when there is no value', async () => {
    const answer = new Subject<number>();
    const sent: ReplyPacket[] = [];
    const done = sendReplies(
      answer,
      async (packet) => {
        sent.push(packet);
        if (packet.isDisposed !== true) queueMicrotask(() => answer.complete());
      },
      new AbortController().signal,
    );
    answer.next(1);
    await done;

    expect(sent).toEqual([{ response: 1 }, { isDisposed: true }]);
    expect(await repliesOf(EMPTY)).toEqual([{ isDisposed: true }]);
  });

  it('makes a reply of an error, after the values before it', async () => {
    const failing = concat(
      of(1),
      throwError(() => 'no more'),
    );

    expect(await repliesOf(failing)).toEqual([{ response: 1 }, { err: 'no more', isDisposed: true }]);
  });

  it('throws a retriable error instead of sending it, but only before the first value', async () => {
    const retriable = new KafkaRetriableException('later');

    await expect(repliesOf(throwError(() => retriable))).rejects.toBe(retriable);
    const late = concat(
      of(1),
      throwError(() => retriable),
    );
    expect(await repliesOf(late)).toEqual([{ response: 1 }, { err: retriable, isDisposed: true }]);
  });

  it('sends nothing more when it is cut off, and no end', async () => {
    const cut = new AbortController();
    const answer = new Subject<number>();
    const sent: ReplyPacket[] = [];
    const done = sendReplies(
      answer,
      async (packet) => {
        sent.push(packet);
        answer.next(2);
        cut.abort();
      },
      cut.signal,
    );
    answer.next(1);
    await done;

    expect(sent).toEqual([{ response: 1 }]);
    expect(answer.observed).toBe(false);
  });

  it('sends nothing at all when it is cut off while it waits for a value, or before', async () => {
    const cut = new AbortController();
    const waiting = repliesOf(NEVER, cut.signal);
    await Promise.resolve();
    cut.abort();

    expect(await waiting).toEqual([]);
    expect(await repliesOf(of(1), cut.signal)).toEqual([]);
  });

  it('stops listening when a reply cannot be sent', async () => {
    const answer = new Subject<number>();
    const done = sendReplies(answer, () => Promise.reject(new Error('no way')), new AbortController().signal);
    answer.next(1);

    await expect(done).rejects.toThrow('no way');
    expect(answer.observed).toBe(false);
  });
});
