import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  BatchEventPattern,
  BatchFailedException,
  KeepErrorsFilter,
  MillraceBatchContext,
  MillraceContext,
  MillraceServer,
  MillraceTransportModule,
  TransportServers,
} from '@millrace/nest/transport';
import { eventually } from '@millrace/testing';
import { Controller, Module, type Type } from '@nestjs/common';
import {
  Ctx,
  EventPattern,
  KafkaContext,
  MessagePattern,
  Payload,
  Transport,
  type KafkaOptions,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { TransportFixture, answerOf, settled, type TransportBrokers } from '../transport-fixture.js';

interface Order {
  readonly id: number;
}

let fixture: TransportFixture;
let shipped: string[] = [];
let audited: string[] = [];

// #region handlers
@Controller()
class Orders {
  @EventPattern<string>('orders.created')
  created(@Payload() order: Order, @Ctx() context: KafkaContext): void {
    shipped.push(`${order.id} of partition ${context.getPartition()}`);
  }

  @MessagePattern('orders.status')
  status(@Payload() order: Order): { id: number; status: string } {
    return { id: order.id, status: 'shipped' };
  }
}
// #endregion

// #region batch
@Controller()
class Warehouse {
  @BatchEventPattern('orders.created', { maxBatchRecords: 200 })
  async created(@Payload() orders: Order[], @Ctx() context: MillraceBatchContext): Promise<void> {
    for (const [index, order] of orders.entries()) {
      if (context.signal.aborted) throw BatchFailedException.at(index, context.signal.reason);
      try {
        await ship(order);
      } catch (error) {
        throw BatchFailedException.at(index, error); // those before are done, those after are handed over again
      }
    }
  }
}
// #endregion

async function ship(order: Order): Promise<void> {
  await Promise.resolve();
  if (order.id === 2) throw new Error('no such article');
  shipped.push(String(order.id));
}

// #region manual
@Controller()
class Mailbox {
  private readonly unsent: { order: Order; context: MillraceContext }[] = [];

  @EventPattern<string>('orders.created', { ack: 'manual', maxUnacknowledged: 500 })
  created(@Payload() order: Order, @Ctx() context: MillraceContext): void {
    this.unsent.push({ order, context });
    if (this.unsent.length === 3) this.send();
  }

  private send(): void {
    for (const { order, context } of this.unsent.splice(0)) {
      shipped.push(String(order.id));
      context.ack(); // its offset may be committed from now on
    }
  }
}
// #endregion

// #region groups
const SHIPPING = Symbol('shipping');
const AUDIT = Symbol('audit');

@Controller()
class Both {
  @EventPattern('orders.created', SHIPPING)
  ship(@Payload() order: Order): void {
    shipped.push(String(order.id));
  }

  @EventPattern('orders.created', AUDIT)
  audit(@Payload() order: Order): void {
    audited.push(String(order.id));
  }
}
// #endregion

const order = (id: number) => ({ value: JSON.stringify({ id }) });

async function microservice(options: MicroserviceOptions, controller: Type) {
  const module = await Test.createTestingModule({ controllers: [controller] }).compile();
  const app = module.createNestMicroservice<MicroserviceOptions>({ ...options, logger: false });
  await app.listen();
  return app;
}

/** @param brokers Where it is to hold. */
export function describeMoveFromNestsTransport(brokers: TransportBrokers): void {
  beforeEach(async () => {
    shipped = [];
    audited = [];
    fixture = await TransportFixture.start(brokers, {
      'orders.created': 1,
      'orders.status': 1,
      'orders.status.reply': 1,
    });
  });

  afterEach(() => fixture.stop(), 20_000);

  describe("the move from Nest's Kafka transport", () => {
    it('goes on where that one has stopped, with the same handlers, options and clients', async () => {
      const brokers = [fixture.bootstrap];
      const options: KafkaOptions['options'] = {
        client: { clientId: 'shop', brokers, logLevel: 0 },
        consumer: { groupId: 'shop', heartbeatInterval: 100, maxWaitTimeInMs: 50 },
        subscribe: { fromBeginning: true },
      };
      await fixture.produce('orders.created', [order(1), order(2)]);
      const before = await microservice({ transport: Transport.KAFKA, options }, Orders);
      await fixture.committedIs(2, 'orders.created', 0, 'shop-server', 10_000);
      await before.close();
      expect(shipped).toEqual(['1 of partition 0', '2 of partition 0']);

      await fixture.produce('orders.created', [order(3)]);
      // #region move
      // before: { transport: Transport.KAFKA, options }
      const server = MillraceServer.fromKafkaOptions(options);
      const after = await microservice({ strategy: server }, Orders);
      // #endregion
      fixture.closeLater(after);
      await settled(server);
      const client = await fixture.nestClient(['orders.status']);

      await eventually('the third is handled', () => shipped.length === 3);
      expect(shipped[2]).toBe('3 of partition 0');
      expect(await answerOf(client, 'orders.status', { id: 3 })).toEqual({ id: 3, status: 'shipped' });
    }, 30_000);

    it('gains batches that know which record has failed', async () => {
      await fixture.produce('orders.created', [1, 2, 3].map(order));
      // #region policy
      const server = new MillraceServer({
        groupId: 'shipping',
        cluster: { bootstrap: [fixture.bootstrap] },
        policy: {
          retry: { attempts: 2, initial: '10ms', max: '1s' }, // in place: what follows in the partition waits
          retryTopic: { delays: ['50ms', '100ms'] }, // then later, while others go on
          onExhausted: 'dead-letter', // then in orders.created-dlt
        },
      });
      // #endregion
      await fixture.microservice(server, [Warehouse], (app) => app.useGlobalFilters(new KeepErrorsFilter()));

      await eventually('the bad one is a dead letter', async () => {
        return (await fixture.read('orders.created-dlt')).length === 1;
      });

      expect(shipped).toEqual(['1', '3']);
      const [letter] = await fixture.read('orders.created-dlt');
      expect(letter?.headers).toMatchObject({ 'dlt.error.message': 'no such article', 'dlt.attempts': '9' });
    });

    it('gains acknowledgement by hand', async () => {
      await fixture.produce('orders.created', [1, 2, 3, 4].map(order));

      await fixture.microservice(fixture.server({ drainTimeout: 50 }), [Mailbox]);

      await fixture.committedIs(3, 'orders.created');
      expect(shipped).toEqual(['1', '2', '3']);
    });

    it('gains groups of their own for handlers of one application, its health and an end in order', async () => {
      await fixture.produce('orders.created', [1, 2].map(order));
      const bootstrap = [fixture.bootstrap];
      // #region module
      const shipping = new MillraceServer({ groupId: 'shipping', transportId: SHIPPING, cluster: { bootstrap } });
      const audit = new MillraceServer({ groupId: 'audit', transportId: AUDIT, cluster: { bootstrap } });

      @Module({ imports: [MillraceTransportModule.forRoot([shipping, audit])], controllers: [Both] })
      class AppModule {}
      // #endregion
      const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
      const app = module.createNestApplication(new FastifyAdapter(), { logger: false });
      // #region connect
      for (const strategy of app.get(TransportServers).all) app.connectMicroservice<MicroserviceOptions>({ strategy });
      await app.startAllMicroservices();
      // #endregion
      fixture.closeLater(app);

      await fixture.committedIs(2, 'orders.created', 0, 'shipping');
      await fixture.committedIs(2, 'orders.created', 0, 'audit');
      expect([shipped, audited]).toEqual([
        ['1', '2'],
        ['1', '2'],
      ]);
    }, 20_000);
  });
}
