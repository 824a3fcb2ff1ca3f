import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@millrace/testing';
import { Controller } from '@nestjs/common';
import {
  KafkaRetriableException,
  MessagePattern,
  EventPattern,
  Payload,
  RpcException,
  type ClientKafka,
} from '@nestjs/microservices';
import { lastValueFrom, of, throwError, toArray, type Observable } from 'rxjs';
import { Gate, TransportFixture, answerOf, type TransportBrokers } from '../transport-fixture.js';

/** Asked for by a client, but handled by servers of the tests that ask. */
const SLOW = 'slow';
const PATTERNS = ['sum', 'numbers', 'refuse', 'flaky', 'nothing', 'keyed', SLOW];

@Controller()
class Calculator {
  static flakyCalls = 0;
  static told: unknown[] = [];

  @MessagePattern('sum')
  async sum(@Payload() numbers: number[]): Promise<{ sum: number }> {
    await Promise.resolve();
    return { sum: numbers.reduce((sum, each) => sum + each, 0) };
  }

  @MessagePattern('numbers')
  numbers(): Observable<number> {
    return of(1, 2, 3);
  }

  @MessagePattern('refuse')
  refuse(): Observable<never> {
    return throwError(() => new RpcException({ status: 'refused', reason: 'not today' }));
  }

  @MessagePattern('flaky')
  flaky(): string {
    Calculator.flakyCalls += 1;
    if (Calculator.flakyCalls < 3) throw new KafkaRetriableException('not yet');
    return 'now';
  }

  @MessagePattern('nothing')
  nothing(): void {
    return undefined;
  }

  @MessagePattern('keyed')
  keyed(): object {
    return { key: 'k', value: { a: 1 }, headers: { trace: 't1' } };
  }

  @EventPattern('told')
  told(@Payload() data: unknown): void {
    Calculator.told.push(data);
  }
}

/** @param brokers Where it is to hold. */
export function describeRequests(brokers: TransportBrokers): void {
  let fixture: TransportFixture;
  let client: ClientKafka;

  beforeEach(async () => {
    Calculator.flakyCalls = 0;
    Calculator.told = [];
    const topics = ['told', ...PATTERNS, ...PATTERNS.map((pattern) => `${pattern}.reply`)];
    fixture = await TransportFixture.start(brokers, Object.fromEntries(topics.map((name) => [name, 2])));
    await fixture.microservice(fixture.server(), [Calculator]);
    client = await fixture.nestClient(PATTERNS);
  }, 20_000);

  afterEach(() => fixture.stop());

  describe("MillraceServer with Nest's ClientKafka on the other side", () => {
    it('answers requests, in one message each, with what a handler returns', async () => {
      expect(await answerOf(client, 'sum', [1, 2, 3])).toEqual({ sum: 6 });

      const replies = await fixture.read('sum.reply');
      expect(replies).toHaveLength(1);
      expect(replies[0]?.headers).toMatchObject({
        kafka_correlationId: expect.any(String),
        'kafka_nest-is-disposed': '\0',
      });
      expect(await answerOf(client, 'nothing', 'x')).toBeNull();
    });

    it('sends every value of a stream, in order, and its end', async () => {
      const values = await lastValueFrom(client.send<string>('numbers', '').pipe(toArray()));

      expect(values.map(Number)).toEqual([1, 2, 3]);
      expect(await fixture.read('numbers.reply')).toHaveLength(3);
    });

    it('answers with the error of an RpcException, and hides others as Nest does', async () => {
      await expect(answerOf(client, 'refuse', '')).rejects.toEqual({ status: 'refused', reason: 'not today' });
      await expect(answerOf(client, 'sum', 'no list')).rejects.toEqual({
        status: 'error',
        message: 'Internal server error',
      });
    });

    it('tries a request again that throws a KafkaRetriableException, and answers with an error after the last attempt', async () => {
      expect(await answerOf(client, 'flaky', '')).toBe('now');
      expect(Calculator.flakyCalls).toBe(3);

      Calculator.flakyCalls = -100;
      await expect(answerOf(client, 'flaky', '')).rejects.toEqual({ status: 'error', message: 'not yet' });
      expect(Calculator.flakyCalls).toBe(-97);
    });

    it('lets a handler set key and headers of its answer', async () => {
      expect(await answerOf(client, 'keyed', '')).toEqual({ a: 1 });

      const [reply] = await fixture.read('keyed.reply');
      expect(reply).toMatchObject({ key: 'k', value: '{"a":1}' });
      expect(reply?.headers['trace']).toBe('t1');
    });

    it('answers many at once, each with its own', async () => {
      const sums = await Promise.all(
        Array.from({ length: 50 }, (_, nth) => answerOf<{ sum: number }>(client, 'sum', [nth, 1])),
      );

      expect(sums.map(({ sum }) => sum)).toEqual(Array.from({ length: 50 }, (_, nth) => nth + 1));
    });

    it('takes what the client emits, one by one and in batches', async () => {
      await lastValueFrom(client.emit('told', { id: 1 }));
      await lastValueFrom(client.emitBatch('told', { messages: [{ id: 2 }, { id: 3 }] }));

      await eventually('all are told', () => Calculator.told.length === 3);
      expect(Calculator.told).toEqual(expect.arrayContaining([{ id: 1 }, { id: 2 }, { id: 3 }]));
    });

    it('goes on when an answer has nowhere to go', async () => {
      const headers = (topic: string) => [
        { key: 'kafka_correlationId', value: Buffer.from('1') },
        { key: 'kafka_replyTopic', value: Buffer.from(topic) },
      ];
      await fixture.produce('sum', [{ value: '[1]', headers: headers('nobody-reads-this') }]);

      // A topic that nobody knows may still come to be known: the client waits for it for a while.
      await fixture.committedIs(1, 'sum', 0, 'spec', 15_000);
      expect(await answerOf(client, 'sum', [4])).toEqual({ sum: 4 });
    }, 20_000);

    it('goes on when an answer is wanted in a partition that there is not', async () => {
      const asking = (replyPartition: string) => ({
        value: '[1]',
        headers: Object.entries({
          kafka_correlationId: '1',
          kafka_replyTopic: 'sum.reply',
          kafka_replyPartition: replyPartition,
        }).map(([key, text]) => ({ key, value: Buffer.from(text) })),
      });

      await fixture.produce('sum', ['5000000000', '4294967294', '-1', '7', '1'].map(asking));
      await fixture.committedIs(5, 'sum');

      // What is no partition at all leaves it to the key; one that the topic has not gets no answer.
      expect(await fixture.read('sum.reply')).toHaveLength(4);
      expect(await answerOf(client, 'sum', [4])).toEqual({ sum: 4 });
    });

    it('leaves the answer to the next owner where a handler does not end in time', async () => {
      const gate = new Gate();
      @Controller()
      class Stuck {
        @MessagePattern(SLOW)
        async ask(): Promise<string> {
          await gate.passed();
          return 'too late';
        }
      }
      @Controller()
      class Prompt {
        @MessagePattern(SLOW)
        ask(): string {
          return 'in time';
        }
      }
      const first = fixture.server({ groupId: 'slow', drainTimeout: 50 });
      const app = await fixture.microservice(first, [Stuck]);
      const answers = lastValueFrom(client.send<unknown>(SLOW, '').pipe(toArray()));
      await eventually('it is under way', () => first.health().partitions.some(({ unsettled }) => unsettled === 1));

      await app.close();
      gate.open();
      await fixture.microservice(fixture.server({ groupId: 'slow' }), [Prompt]);

      expect(await answers).toEqual(['in time']);
      expect(await fixture.read(`${SLOW}.reply`)).toHaveLength(1);
    }, 20_000);
  });
}
