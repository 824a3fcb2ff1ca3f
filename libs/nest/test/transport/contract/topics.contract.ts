import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BatchEventPattern, MillraceContext, MillraceServer } from '@millrace/nest/transport';
import { eventually } from '@millrace/testing';
import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload, Transport, type MicroserviceOptions } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { TransportFixture, settled, type TransportBrokers } from '../transport-fixture.js';

/** @param brokers Where it is to hold. */
export function describeTopics(brokers: TransportBrokers): void {
  let fixture: TransportFixture;

  beforeEach(async () => {
    fixture = await TransportFixture.start(brokers, { 'orders.eu': 1, 'orders.us': 1, payments: 1 });
  });

  afterEach(() => fixture.stop());

  /** Finds the pattern in the value. */
  const byType = {
    deserialize: ({ value }: { value: { type: string } }) => ({ pattern: value.type, data: value }),
  };

  describe('the topics of a MillraceServer', () => {
    it('are all that match a regular expression, those included that come later, and no dead letters', async () => {
      const seen: string[] = [];
      @Controller()
      class Orders {
        @EventPattern(/^orders\./)
        created(@Payload() data: string, @Ctx() context: MillraceContext): void {
          if (data === 'bad') throw new Error('never');
          seen.push(`${context.topic} ${data}`);
        }
      }
      await fixture.produce('orders.eu', [{ value: 'bad' }, { value: 'a' }]);
      await fixture.produce('orders.us', [{ value: 'b' }]);
      await fixture.produce('payments', [{ value: 'c' }]);
      const server = fixture.server({ topicRefreshInterval: 20 });
      await fixture.microservice(server, [Orders]);
      await eventually('both are handled', () => seen.length === 2);

      await fixture.createTopics({ 'orders.asia': 2 });
      await fixture.produce('orders.asia', [{ value: 'd', partition: 1 }]);
      await eventually('the new topic is read', () => seen.length === 3);

      expect(seen.toSorted()).toEqual(['orders.asia d', 'orders.eu a', 'orders.us b']);
      expect(new Set(server.health().partitions.map(({ topic }) => topic))).toEqual(
        new Set(['orders.eu', 'orders.us', 'orders.asia']),
      );
      expect(await fixture.topics()).toContain('orders.asia-dlt');
    });

    it('may match nothing at first', async () => {
      const seen: string[] = [];
      @Controller()
      class Returns {
        @EventPattern(/^returns\./)
        created(@Payload() data: string): void {
          seen.push(data);
        }
      }
      await fixture.microservice(fixture.server({ topicRefreshInterval: 20 }), [Returns]);

      await fixture.createTopics({ 'returns.eu': 1 });
      await fixture.produce('returns.eu', [{ value: 'a' }]);

      await eventually('it is read', () => seen.length === 1);
    });

    it('must exist, unless they are waited for or made', async () => {
      const seen: string[] = [];
      @Controller()
      class Missing {
        @EventPattern('missing')
        one(@Payload() data: string): void {
          seen.push(data);
        }

        @EventPattern<string>('absent')
        two(): void {}
      }
      await expect(fixture.microservice(fixture.server(), [Missing])).rejects.toMatchObject({
        code: 'MR_CONFIG_INVALID',
        problems: [expect.stringContaining("'missing'"), expect.stringContaining("'absent'")],
      });

      const missingTopics = { partitions: 3 };
      await fixture.microservice(fixture.server({ missingTopics, groupId: 'making' }), [Missing]);
      await fixture.produce('missing', [{ value: 'a', partition: 2 }]);
      await eventually('it is read', () => seen.length === 1);

      expect(await fixture.topics()).toEqual(expect.arrayContaining(['missing', 'absent']));
    });

    it('may hold several types of events, told apart by a deserializer', async () => {
      const seen: string[] = [];
      @Controller()
      class Orders {
        @EventPattern('order.created')
        created(@Payload() data: { id: number }): void {
          seen.push(`created ${data.id}`);
        }

        @EventPattern('order.paid')
        paid(@Payload() data: { id: number }): void {
          seen.push(`paid ${data.id}`);
        }
      }
      await fixture.produce('orders.eu', [
        { value: '{"type":"order.created","id":1}' },
        { value: '{"type":"order.unknown","id":2}' },
        { value: '{"type":"order.paid","id":3}' },
      ]);

      await fixture.microservice(fixture.server({ topics: ['orders.eu'], deserializer: byType }), [Orders]);
      await fixture.committedIs(3, 'orders.eu');

      expect(seen).toEqual(['created 1', 'paid 3']);
    });

    it('say how their records are delivered, so that handlers of types of events that want something else are refused at start', async () => {
      @Controller()
      class Orders {
        @EventPattern<string>('order.created', { ack: 'manual', maxUnacknowledged: 10 })
        created(): void {}

        @BatchEventPattern('order.paid')
        paid(): void {}

        @EventPattern<string>('order.shipped')
        shipped(): void {}

        @BatchEventPattern('orders.eu', { ack: 'manual' })
        all(): void {}
      }
      const server = fixture.server({ topics: ['orders.eu'], deserializer: byType });

      await expect(fixture.microservice(server, [Orders])).rejects.toMatchObject({
        code: 'MR_CONFIG_INVALID',
        problems: [
          expect.stringMatching(/'order\.created'.*\(ack, maxUnacknowledged\).*set the server's delivery/),
          expect.stringMatching(/'order\.paid'.*\(batch\).*make the topic its pattern/),
        ],
      });
    });

    it('have the delivery of the server where their records are told apart by a deserializer', async () => {
      const contexts: MillraceContext[] = [];
      @Controller()
      class Orders {
        @EventPattern<string>('order.created', { ack: 'manual' })
        created(@Ctx() context: MillraceContext): void {
          contexts.push(context);
        }
      }
      await fixture.produce('orders.eu', [
        { value: '{"type":"order.created"}' },
        { value: '{"type":"order.created"}' },
      ]);

      const delivery = { ack: 'manual' } as const;
      const options = { topics: ['orders.eu'], deserializer: byType, delivery, drainTimeout: 50 };
      await fixture.microservice(fixture.server(options), [Orders]);
      await eventually('both are handed over', () => contexts.length === 2);
      contexts[1]?.ack();
      expect(await fixture.committed('orders.eu')).toBeUndefined();
      contexts[0]?.ack();

      await fixture.committedIs(2, 'orders.eu');
    });

    it('hand over whole batches by their own name where their records are told apart by a deserializer', async () => {
      const batches: number[][] = [];
      @Controller()
      class Orders {
        @BatchEventPattern('orders.eu')
        all(@Payload() orders: { id: number }[]): void {
          batches.push(orders.map(({ id }) => id));
        }
      }
      await fixture.produce('orders.eu', [{ value: '{"type":"a","id":1}' }, { value: '{"type":"b","id":2}' }]);

      await fixture.microservice(fixture.server({ topics: ['orders.eu'], deserializer: byType }), [Orders]);
      await fixture.committedIs(2, 'orders.eu');

      expect(batches).toEqual([[1, 2]]);
    });

    it('are those of the handlers that belong to it, where an application has several groups', async () => {
      const AUDIT = Symbol('audit');
      const BILLING = Symbol('billing');
      const seen: string[] = [];
      @Controller()
      class Both {
        @EventPattern('orders.eu', AUDIT)
        audit(@Payload() data: string): void {
          seen.push(`audit ${data}`);
        }

        @EventPattern('orders.eu', BILLING)
        bill(@Payload() data: string): void {
          seen.push(`bill ${data}`);
        }

        @EventPattern('payments', BILLING)
        paid(@Payload() data: string): void {
          seen.push(`paid ${data}`);
        }
      }
      await fixture.produce('orders.eu', [{ value: 'a' }]);
      await fixture.produce('payments', [{ value: 'b' }]);
      const audit = fixture.server({ groupId: 'audit', transportId: AUDIT });
      const billing = fixture.server({ groupId: 'billing', transportId: BILLING });
      const module = await Test.createTestingModule({ controllers: [Both] }).compile();
      const app = module.createNestApplication(new FastifyAdapter(), { logger: false });
      app.connectMicroservice<MicroserviceOptions>({ strategy: audit });
      app.connectMicroservice<MicroserviceOptions>({ strategy: billing });
      await app.startAllMicroservices();
      fixture.closeLater(app);
      await Promise.all([settled(audit), settled(billing)]);

      await fixture.committedIs(1, 'orders.eu', 0, 'audit');
      await fixture.committedIs(1, 'orders.eu', 0, 'billing');
      await fixture.committedIs(1, 'payments', 0, 'billing');

      expect(seen.toSorted()).toEqual(['audit a', 'bill a', 'paid b']);
      expect(audit.health().partitions.map(({ topic }) => topic)).toEqual(['orders.eu']);
    });

    it('are read on from an end of the log, where that is wanted, when the offset of the group is not there any more', async () => {
      const seen: string[] = [];
      @Controller()
      class Payments {
        @EventPattern('payments')
        paid(@Payload() data: string): void {
          seen.push(data);
        }
      }
      await fixture.produce('payments', [{ value: 'a' }, { value: 'b' }]);
      await fixture.setOffset('spec', 'payments', 77);
      const strict = fixture.server();
      const failed = new Promise<Error>((resolve) => strict.on('failed', resolve));
      const app = await fixture.microservice(strict, [Payments]);
      expect(await failed).toMatchObject({
        code: 'MR_OFFSET_OUT_OF_RANGE',
        place: { topic: 'payments', partition: 0 },
        message: expect.stringContaining("onOffsetOutOfRange: 'earliest' or 'latest'"),
      });
      await app.close();
      expect(await fixture.committed('payments')).toBe(77);

      await fixture.microservice(fixture.server({ onOffsetOutOfRange: 'earliest' }), [Payments]);
      await eventually('it goes on', () => seen.length === 2);
      await fixture.committedIs(2, 'payments');

      expect(seen).toEqual(['a', 'b']);
    }, 20_000);

    it('are read from where the group stood with the transport of Nest, by the same options', async () => {
      const server = MillraceServer.fromKafkaOptions(
        {
          client: { brokers: [fixture.bootstrap], clientId: 'shop' },
          consumer: { groupId: 'shop', heartbeatInterval: 50 },
          subscribe: { fromBeginning: true },
        },
        { commitInterval: 0 },
      );
      expect(server.groupId).toBe('shop-server');
      expect(server.transportId).toBe(Transport.KAFKA);

      expect(() =>
        MillraceServer.fromKafkaOptions({
          client: { brokers: () => [], sasl: { mechanism: 'aws' } as never },
          run: { autoCommit: false },
        }),
      ).toThrow(
        expect.objectContaining({
          problems: [
            expect.stringContaining('client.brokers'),
            expect.stringContaining("ack: 'manual'"),
            expect.stringContaining("'aws'"),
          ],
        }),
      );
    });
  });
}
