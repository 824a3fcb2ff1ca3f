import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  MillraceTransportModule,
  TransportHealth,
  TransportHealthIndicator,
  TransportServers,
  transportChannels,
  type HandledEvent,
  type MillraceServer,
} from '@millrace/nest/transport';
import { runtimeChannels, type DeadLetterEvent, type FailureEvent, type RetriedEvent } from '@millrace/runtime';
import { eventually } from '@millrace/testing';
import { Controller, Inject, Injectable, Module, type OnModuleDestroy } from '@nestjs/common';
import { EventPattern, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { SeverableDialer } from '../severable-dialer.js';
import { Gate, TransportFixture, settled, type TransportBrokers } from '../transport-fixture.js';

/** @param brokers Where it is to hold. */
export function describeLifecycle(brokers: TransportBrokers): void {
  let fixture: TransportFixture;

  beforeEach(async () => {
    fixture = await TransportFixture.start(brokers, { orders: 4 });
  });

  afterEach(() => fixture.stop(), 20_000);

  /** The shortest session that a broker grants. */
  const SESSION_MS = 6_000;

  /** A controller of its own class for each member, so that each tells what it alone has seen. */
  function recording(handle: (value: string) => Promise<void> | void = () => undefined) {
    const seen: string[] = [];
    @Controller()
    class Orders {
      @EventPattern('orders')
      async created(@Payload() value: string): Promise<void> {
        await handle(value);
        seen.push(value);
      }
    }
    return { seen, Orders };
  }

  const numbered = (count: number, from = 0) =>
    Array.from({ length: count }, (_, nth) => ({ value: `v${from + nth}`, partition: (from + nth) % 4 }));
  const values = (records: readonly { value: string }[]): string[] => records.map(({ value }) => value).toSorted();
  const partitions = (server: MillraceServer): number => server.health().partitions.length;

  describe('the life of a MillraceServer', () => {
    it('handles again after a crash what was not committed, and loses nothing', async () => {
      const dialer = new SeverableDialer();
      const stuck = new Gate();
      const first = recording((value) => (value === 'v5' ? stuck.passed() : undefined));
      const second = recording();
      await fixture.produce('orders', numbered(12));
      const dying = fixture.server({
        cluster: { bootstrap: [fixture.bootstrap], dialer, requestTimeoutMs: 300 },
        sessionTimeout: SESSION_MS,
        drainTimeout: 10,
      });
      await fixture.microservice(dying, [first.Orders]);
      await eventually('all but what is stuck is handled', () => first.seen.length === 10);
      await fixture.committedIs(1, 'orders', 1);

      dialer.sever();
      await fixture.microservice(fixture.server(), [second.Orders]);
      await eventually('the rest is handled by another', () => second.seen.length >= 2, { timeoutMs: 2 * SESSION_MS });
      stuck.open();

      for (const partition of [0, 1, 2, 3]) await fixture.committedIs(3, 'orders', partition);
      expect(second.seen.toSorted()).toEqual(['v5', 'v9']);
      const all = [...new Set([...first.seen, ...second.seen])].toSorted();
      expect(all).toEqual(values(numbered(12)));
      dialer.mend();
    }, 30_000);

    it('gives partitions up to another member when what is under way has ended, so that nothing is handled twice', async () => {
      const gate = new Gate();
      const first = recording((value) => (value.startsWith('slow') ? gate.passed() : undefined));
      const second = recording();
      const one = fixture.server();
      await fixture.microservice(one, [first.Orders]);
      expect(partitions(one)).toBe(4);
      const slow = [0, 1, 2, 3].map((partition) => ({ value: `slow${partition}`, partition }));
      await fixture.produce('orders', slow);
      await eventually('all partitions are busy', () =>
        one.health().partitions.every(({ unsettled }) => unsettled === 1),
      );

      const revoked: number[] = [];
      one.on('revoked', (given) => revoked.push(...given.map(({ partition }) => partition)));
      const other = fixture.server();
      const joining = fixture.microservice(other, [second.Orders]);
      await eventually('the group rebalances', () => one.health().state === 'REBALANCING');
      expect(revoked).toEqual([]);
      gate.open();
      await joining;
      await eventually('both have their share', () => partitions(one) === 2 && partitions(other) === 2);
      await fixture.produce('orders', numbered(8));
      await eventually('all is handled', () => first.seen.length + second.seen.length === 12);

      expect(revoked).toHaveLength(2);
      expect([...first.seen, ...second.seen].toSorted()).toEqual([...values(numbered(8)), ...values(slow)].toSorted());
      expect(second.seen).toHaveLength(4);
    }, 20_000);

    it('handles every record once and in order while members come and go', async () => {
      const seen: string[] = [];
      @Controller()
      class Orders {
        @EventPattern('orders', { order: 'key', concurrency: 4 })
        async created(@Payload() value: string): Promise<void> {
          await new Promise((resolve) => setImmediate(resolve));
          seen.push(value);
        }
      }
      const produced: string[] = [];
      const produce = async (): Promise<void> => {
        const records = Array.from({ length: 40 }, (_, nth) => {
          const key = `k${nth % 10}`;
          return { key, value: `${key} ${produced.length + nth}`, partition: (nth % 10) % 4 };
        });
        produced.push(...records.map(({ value }) => value));
        await fixture.produce('orders', records);
      };

      const members: { close(): Promise<void> }[] = [];
      for (let round = 0; round < 6; round++) {
        const joining = fixture.microservice(fixture.server({ commitInterval: 5 }), [Orders]);
        await produce();
        members.push(await joining);
        if (members.length > 2) await Promise.all([members.shift()?.close(), produce()]);
      }
      await eventually('all are handled', () => seen.length >= produced.length, { timeoutMs: 10_000 });

      expect(seen.toSorted()).toEqual(produced.toSorted());
      const ofKey = (values: readonly string[], key: string) => values.filter((value) => value.startsWith(`${key} `));
      for (let key = 0; key < 10; key++) expect(ofKey(seen, `k${key}`)).toEqual(ofKey(produced, `k${key}`));
    }, 30_000);

    it('keeps its partitions while handlers take longer than the session', async () => {
      const gate = new Gate();
      const { seen, Orders } = recording(() => gate.passed());
      const server = fixture.server({ sessionTimeout: SESSION_MS, heartbeatInterval: 500 });
      await fixture.produce('orders', [{ value: 'a' }]);
      let rebalances = 0;
      await fixture.microservice(server, [Orders]);
      server.on('lost', () => (rebalances += 1));
      server.on('revoked', () => (rebalances += 1));

      const heldFromMs = performance.now();
      const isOver = (): boolean => performance.now() - heldFromMs > SESSION_MS + 500;
      await eventually('a session has passed', isOver, { timeoutMs: 2 * SESSION_MS });
      gate.open();
      await fixture.committedIs(1, 'orders', 0);

      expect([rebalances, seen]).toEqual([0, ['a']]);
    }, 20_000);

    it('reconnects by itself, and says meanwhile what is wrong', async () => {
      const dialer = new SeverableDialer();
      const { seen, Orders } = recording();
      const failures: FailureEvent[] = [];
      const unsubscribe = runtimeChannels.failed.subscribe((event) => failures.push(event));
      const cluster = { bootstrap: [fixture.bootstrap], dialer, requestTimeoutMs: 200 };
      const server = fixture.server({ cluster, topicRefreshInterval: 50, missingTopics: 'wait' });
      await fixture.microservice(server, [Orders]);

      dialer.sever();
      await eventually('the outage is told', () => failures.length > 0);
      dialer.mend();
      await fixture.produce('orders', numbered(4));
      await eventually('all is handled', () => seen.length === 4, { timeoutMs: 10_000 });
      unsubscribe();

      expect(failures[0]).toMatchObject({ applicationId: 'spec', thread: 'transport', action: 'retry' });
      expect(server.health().state).not.toBe('FAILED');
    }, 20_000);

    it('does not start when no broker answers, and can be closed then', async () => {
      const cluster = { bootstrap: ['127.0.0.1:1'], requestTimeoutMs: 200 };
      const { Orders } = recording();
      const server = fixture.server({ cluster });

      await expect(fixture.microservice(server, [Orders])).rejects.toMatchObject({ disposition: 'retry' });
      await server.close();

      expect(server.health().state).toBe('STOPPED');
    });

    it('fetches nothing more for a partition whose handler is busy', async () => {
      const gate = new Gate();
      const { seen, Orders } = recording(() => gate.passed());
      const server = fixture.server({ fetch: { maxWaitMs: 20, partitionMaxBytes: 1_000, maxBufferedBytes: 4_000 } });
      const large = 'x'.repeat(900);
      for (let nth = 0; nth < 10; nth++) await fixture.produce('orders', [{ value: `${large}${nth}` }]);
      const produced = await fixture.read('orders');

      await fixture.microservice(server, [Orders]);
      await eventually('the first is under way', () =>
        server.health().partitions.some(({ unsettled }) => unsettled === 1),
      );
      await fixture.produce('orders', [{ value: 'other', partition: 1 }]);
      gate.open();
      await eventually('all are handled', () => seen.length === 11);

      expect(seen.filter((value) => value !== 'other')).toEqual(produced.map(({ value }) => value));
    });

    it('ends in order: handlers end and are committed before databases close', async () => {
      const gate = new Gate();
      const order: string[] = [];
      @Injectable()
      class Database implements OnModuleDestroy {
        isOpen = true;
        onModuleDestroy(): void {
          this.isOpen = false;
          order.push('database closed');
        }
      }
      @Module({ providers: [Database], exports: [Database] })
      class DatabaseModule {}
      @Controller()
      class Orders {
        constructor(@Inject(Database) private readonly database: Database) {}

        @EventPattern('orders')
        async created(@Payload() value: string): Promise<void> {
          order.push(`begins ${value}`);
          await gate.passed();
          order.push(`ends ${value}, ${this.database.isOpen ? 'database open' : 'database closed'}`);
        }
      }
      const server = fixture.server();
      const module = await Test.createTestingModule({
        imports: [DatabaseModule, MillraceTransportModule.forRoot([server])],
        controllers: [Orders],
      }).compile();
      const app = module.createNestApplication(new FastifyAdapter(), { logger: false });
      for (const strategy of app.get(TransportServers).all) app.connectMicroservice<MicroserviceOptions>({ strategy });
      await app.startAllMicroservices();
      await settled(server);
      expect(app.get(TransportHealth).readiness()).toEqual({ isHealthy: true, details: { spec: 'RUNNING' } });
      expect(app.get(TransportHealthIndicator).liveness()).toMatchObject({ transport: { status: 'up' } });
      await fixture.produce('orders', [{ value: 'a' }, { value: 'b' }]);
      await eventually('a handler is under way', () => order.length === 1);

      const closing = app.close();
      await eventually('the server is closing', () => server.health().state === 'STOPPED');
      gate.open();
      await closing;

      expect(order).toEqual(['begins a', 'ends a, database open', 'database closed']);
      expect(await fixture.committed('orders', 0)).toBe(1);
      expect(app.get(TransportHealth).readiness().isHealthy).toBe(false);
    }, 20_000);

    it('closes without handlers that do not end, and has their records handled again', async () => {
      const { Orders } = recording(() => new Promise<void>(() => undefined));
      const server = fixture.server({ drainTimeout: 50 });
      await fixture.produce('orders', [{ value: 'a' }]);
      const app = await fixture.microservice(server, [Orders]);
      await eventually('it is under way', () => server.health().partitions.some(({ unsettled }) => unsettled === 1));

      await app.close();

      expect(await fixture.committed('orders', 0)).toBeUndefined();
      const again = recording();
      await fixture.microservice(fixture.server(), [again.Orders]);
      await eventually('it is handled again', () => again.seen.length === 1);
    });

    it('tells on diagnostics channels what it does', async () => {
      const handled: HandledEvent[] = [];
      const letters: DeadLetterEvent[] = [];
      const retried: RetriedEvent[] = [];
      const unsubscribe = [
        transportChannels.handled.subscribe((event) => handled.push(event)),
        runtimeChannels.deadLettered.subscribe((event) => letters.push(event)),
        runtimeChannels.retried.subscribe((event) => retried.push(event)),
      ];
      const { Orders } = recording((value) => {
        if (value === 'bad') throw new Error('never');
      });
      await fixture.produce('orders', [{ value: 'bad' }, { value: 'good' }]);
      await fixture.microservice(fixture.server(), [Orders]);
      await fixture.committedIs(2, 'orders', 0);
      for (const each of unsubscribe) each();

      const place = { groupId: 'spec', topic: 'orders', partition: 0, pattern: 'orders', kind: 'event', records: 1 };
      const outcomes = ['failed', 'failed', 'failed', 'done'];
      expect(handled).toMatchObject(outcomes.map((outcome) => ({ ...place, outcome })));
      expect(letters).toMatchObject([{ applicationId: 'spec', node: 'orders', offset: 0, code: 'MR_RECORD_REJECTED' }]);
      expect(retried).toHaveLength(2);
    });
  });
}
