import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KeepErrorsFilter, MillraceContext, RejectedRecordException } from '@millrace/nest/transport';
import { RecordError } from '@millrace/kernel';
import { eventually } from '@millrace/testing';
import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, KafkaContext, Payload } from '@nestjs/microservices';
import { TransportFixture, type TransportBrokers } from '../transport-fixture.js';

/** @param brokers Where it is to hold. */
export function describeEvents(brokers: TransportBrokers): void {
  let fixture: TransportFixture;

  beforeEach(async () => {
    fixture = await TransportFixture.start(brokers, { orders: 2, payments: 1 });
  });

  afterEach(() => fixture.stop());

  describe('MillraceServer with event handlers', () => {
    it('hands over what the parser of Nest makes of a record, and a context that says where it stood', async () => {
      const seen: { data: unknown; context: MillraceContext }[] = [];
      @Controller()
      class Orders {
        @EventPattern<string>('orders')
        created(@Payload() data: unknown, @Ctx() context: MillraceContext): void {
          seen.push({ data, context });
        }
      }
      await fixture.produce('orders', [
        {
          key: 'k',
          value: '{"id":7}',
          partition: 1,
          timestampMs: 77,
          headers: [
            { key: 'trace', value: Buffer.from('t1') },
            { key: 'trace', value: Buffer.from('t2') },
          ],
        },
      ]);

      await fixture.microservice(fixture.server(), [Orders]);
      await eventually('the record is handled', () => seen.length === 1);

      const { data, context } = seen[0] as (typeof seen)[0];
      expect(data).toEqual({ id: 7 });
      expect(context).toBeInstanceOf(KafkaContext);
      expect(context.getMessage()).toMatchObject({
        key: 'k',
        offset: '0',
        timestamp: '77',
        headers: { trace: 't1,t2' },
      });
      expect([context.getTopic(), context.getPartition()]).toEqual(['orders', 1]);
      expect(context).toMatchObject({ topic: 'orders', partition: 1, offset: 0, timestampMs: 77, failures: 0 });
      expect(context.key?.toString()).toBe('k');
      expect(context.header('trace')).toBe('t2');
      await context.getHeartbeat()();
      expect(() => context.getConsumer().commitOffsets([])).toThrow(/context\.ack\(\)/);
      expect(() => context.getProducer().send({ topic: 'orders', messages: [] })).toThrow(/unwrap\(\)/);
      await fixture.committedIs(1, 'orders', 1);
    });

    it('leaves values as buffers where that is asked for', async () => {
      const seen: unknown[] = [];
      @Controller()
      class Orders {
        @EventPattern('orders')
        created(@Payload() data: unknown): void {
          seen.push(data);
        }
      }
      await fixture.produce('orders', [{ value: '{"id":7}' }]);

      await fixture.microservice(fixture.server({ parser: { keepBinary: true } }), [Orders]);
      await eventually('the record is handled', () => seen.length === 1);

      expect(seen[0]).toEqual(Buffer.from('{"id":7}'));
    });

    it('keeps the order of a partition, and lets other partitions go on', async () => {
      const seen: string[] = [];
      const first = Promise.withResolvers<void>();
      @Controller()
      class Orders {
        @EventPattern('orders')
        async created(@Payload() data: string): Promise<void> {
          if (data === 'a0') await first.promise;
          seen.push(data);
        }
      }
      await fixture.produce('orders', [
        ...['a0', 'a1', 'a2'].map((value) => ({ value })),
        ...['b0', 'b1'].map((value) => ({ value, partition: 1 })),
      ]);

      await fixture.microservice(fixture.server(), [Orders]);
      await eventually('the other partition is handled', () => seen.length === 2);
      expect(seen).toEqual(['b0', 'b1']);
      expect(await fixture.committed('orders', 0)).toBeUndefined();
      first.resolve();
      await eventually('all are handled', () => seen.length === 5);

      expect(seen.slice(2)).toEqual(['a0', 'a1', 'a2']);
      await fixture.committedIs(3, 'orders', 0);
    });

    it('handles records of other keys at the same time where asked, up to its limit, and commits no further than the first that is open', async () => {
      const open = new Map<string, () => void>();
      const seen: string[] = [];
      @Controller()
      class Orders {
        @EventPattern('orders', { order: 'key', concurrency: 3 })
        async created(@Payload() data: string): Promise<void> {
          await new Promise<void>((resolve) => open.set(data, resolve));
          seen.push(data);
        }
      }
      await fixture.produce('orders', [
        { key: 'a', value: 'a0' },
        { key: 'b', value: 'b0' },
        { key: 'a', value: 'a1' },
        { key: 'c', value: 'c0' },
      ]);
      await fixture.microservice(fixture.server(), [Orders]);

      await eventually('two keys are under way', () => open.size === 2);
      expect([...open.keys()]).toEqual(['a0', 'b0']);
      open.get('b0')?.();
      await eventually('the next key has its turn', () => open.has('c0'));
      expect(open.has('a1')).toBe(false);
      expect(await fixture.committed('orders')).toBeUndefined();
      open.get('a0')?.();
      await eventually('the next of the key has its turn', () => open.has('a1'));
      await fixture.committedIs(2, 'orders');
      open.get('c0')?.();
      open.get('a1')?.();

      await fixture.committedIs(4, 'orders');
      expect(seen.indexOf('a0')).toBeLessThan(seen.indexOf('a1'));
    });

    it('tries a record again, then sends it to the dead letters as it came, and goes on', async () => {
      const seen: string[] = [];
      const failures: number[] = [];
      @Controller()
      class Orders {
        @EventPattern<string>('orders')
        created(@Payload() data: string, @Ctx() context: MillraceContext): void {
          failures.push(context.failures);
          if (data === 'bad') throw new Error('this one not');
          seen.push(data);
        }
      }
      const trace = { key: 'trace', value: Buffer.from('t1') };
      await fixture.produce('orders', [
        { value: 'good', partition: 1 },
        { key: 'k', value: 'bad', partition: 1, timestampMs: 77, headers: [trace] },
        { value: 'next', partition: 1 },
      ]);

      await fixture.microservice(fixture.server(), [Orders], (app) => app.useGlobalFilters(new KeepErrorsFilter()));
      await eventually('what follows is handled', () => seen.includes('next'));

      expect(seen).toEqual(['good', 'next']);
      expect(failures).toEqual([0, 0, 1, 2, 0]);
      const [letter] = await fixture.read('orders-dlt');
      expect(letter).toMatchObject({ key: 'k', value: 'bad', partition: 1, timestampMs: 77 });
      expect(letter?.headers).toMatchObject({
        trace: 't1',
        'dlt.error.code': 'MR_RECORD_REJECTED',
        'dlt.error.message': 'this one not',
        'dlt.application': 'spec',
        'dlt.node': 'orders',
        'dlt.topic': 'orders',
        'dlt.partition': '1',
        'dlt.offset': '1',
        'dlt.attempts': '3',
      });
      await fixture.committedIs(3, 'orders', 1);
    });

    it('does what the disposition of an error says: refused records are dead letters at once', async () => {
      const attempts: string[] = [];
      @Controller()
      class Orders {
        @EventPattern('orders')
        created(@Payload() data: string): void {
          attempts.push(data);
          if (data === 'rejected') throw new RejectedRecordException('no such order');
          throw new RecordError('MR_RECORD_CONTRACT_VIOLATION', 'amount: is negative');
        }
      }
      await fixture.produce('orders', [{ value: 'rejected' }, { value: 'violation' }]);

      await fixture.microservice(fixture.server(), [Orders], (app) => app.useGlobalFilters(new KeepErrorsFilter()));
      await fixture.committedIs(2, 'orders');

      expect(attempts).toEqual(['rejected', 'violation']);
      const letters = await fixture.read('orders-dlt');
      expect(letters.map(({ headers }) => [headers['dlt.error.code'], headers['dlt.error.message']])).toEqual([
        ['MR_RECORD_REJECTED', 'no such order'],
        ['MR_RECORD_CONTRACT_VIOLATION', 'amount: is negative'],
      ]);
    });

    it('passes records over where the policy says so', async () => {
      @Controller()
      class Orders {
        @EventPattern<string>('orders')
        created(): void {
          throw new Error('never');
        }
      }
      await fixture.produce('orders', [{ value: 'a' }]);

      const policy = { onExhausted: 'skip', retry: { attempts: 1, initial: 1, max: 1 } } as const;
      await fixture.microservice(fixture.server({ policy }), [Orders]);
      await fixture.committedIs(1, 'orders');

      expect(await fixture.topics()).toEqual(['orders', 'payments']);
    });

    it('comes to its end and says so where the policy wants that, and has lost nothing', async () => {
      const seen: string[] = [];
      @Controller()
      class Orders {
        @EventPattern('orders')
        created(@Payload() data: string): void {
          if (data === 'bad') throw new Error('never');
          seen.push(data);
        }
      }
      await fixture.produce('orders', [{ value: 'good' }, { value: 'bad' }, { value: 'next' }]);
      const server = fixture.server({ policy: { onExhausted: 'stop-app', onHandlerError: 'stop-app' } });
      const failed = new Promise<Error>((resolve) => server.on('failed', resolve));
      const statuses: string[] = [];
      server.status.subscribe((status) => statuses.push(status));

      await fixture.microservice(server, [Orders]);

      expect(await failed).toMatchObject({ message: 'Internal server error' });
      expect(server.health()).toMatchObject({
        state: 'FAILED',
        error: expect.stringContaining('Internal server error'),
      });
      expect(statuses.at(-1)).toBe('crashed');
      expect(seen).toEqual(['good']);
      await fixture.committedIs(1, 'orders');
    });

    it('runs all handlers of a topic for each record', async () => {
      const seen: string[] = [];
      @Controller()
      class Orders {
        @EventPattern('orders')
        one(@Payload() data: string): void {
          seen.push(`one ${data}`);
        }

        @EventPattern('orders')
        async two(@Payload() data: string): Promise<void> {
          await Promise.resolve();
          seen.push(`two ${data}`);
        }
      }
      await fixture.produce('orders', [{ value: 'a' }]);

      await fixture.microservice(fixture.server(), [Orders]);
      await fixture.committedIs(1, 'orders');

      expect(seen.toSorted()).toEqual(['one a', 'two a']);
    });

    it('commits what a handler acknowledges, and nothing else, with manual acknowledgement', async () => {
      const contexts: MillraceContext[] = [];
      @Controller()
      class Orders {
        @EventPattern('orders', { ack: 'manual', maxUnacknowledged: 3 })
        created(@Ctx() context: MillraceContext): void {
          contexts.push(context);
        }
      }
      await fixture.produce(
        'orders',
        Array.from({ length: 5 }, (_, nth) => ({ value: `v${nth}` })),
      );
      await fixture.microservice(fixture.server({ drainTimeout: 50 }), [Orders]);

      await eventually('as many are handed over as may be', () => contexts.length === 3);
      contexts[1]?.ack();
      await eventually('another one is handed over', () => contexts.length === 4);
      expect(await fixture.committed('orders')).toBeUndefined();
      contexts[0]?.ack();

      await fixture.committedIs(2, 'orders');
    });
  });
}
