import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  BatchEventPattern,
  BatchFailedException,
  KeepErrorsFilter,
  MillraceBatchContext,
} from '@millrace/nest/transport';
import { eventually } from '@millrace/testing';
import { Controller, type Type } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { Gate, TransportFixture, type TransportBrokers } from '../transport-fixture.js';

/** @param brokers Where it is to hold. */
export function describeBatches(brokers: TransportBrokers): void {
  let fixture: TransportFixture;

  beforeEach(async () => {
    fixture = await TransportFixture.start(brokers, { orders: 1 });
    await fixture.produce(
      'orders',
      ['v0', 'v1', 'v2', 'v3', 'v4'].map((value) => ({ value })),
    );
  });

  afterEach(() => fixture.stop());

  async function handleAll(controller: Type): Promise<void> {
    await fixture.microservice(fixture.server(), [controller], (app) => app.useGlobalFilters(new KeepErrorsFilter()));
    await fixture.committedIs(5, 'orders');
  }

  const letters = async (): Promise<unknown[]> => (await fixture.read('orders-dlt')).map(({ value }) => value);

  describe('BatchEventPattern', () => {
    it('hands over what was fetched of a partition, in arrays of a greatest size', async () => {
      const batches: { values: string[]; context: MillraceBatchContext }[] = [];
      @Controller()
      class Orders {
        @BatchEventPattern('orders', { maxBatchRecords: 3 })
        created(@Payload() values: string[], @Ctx() context: MillraceBatchContext): void {
          batches.push({ values, context });
        }
      }

      await handleAll(Orders);

      expect(batches.map(({ values }) => values)).toEqual([
        ['v0', 'v1', 'v2'],
        ['v3', 'v4'],
      ]);
      const { context } = batches[1] as (typeof batches)[1];
      expect(context).toBeInstanceOf(MillraceBatchContext);
      expect(context).toMatchObject({ topic: 'orders', partition: 0 });
      expect(context.records.map(({ offset }) => offset)).toEqual([3, 4]);
      expect(context.messages.map(({ offset }) => offset)).toEqual(['3', '4']);
    });

    it('tries the record again that failed and those after it, when the handler names it, and keeps their order', async () => {
      const batches: string[][] = [];
      @Controller()
      class Orders {
        @BatchEventPattern('orders')
        created(@Payload() values: string[]): void {
          batches.push(values);
          const bad = values.indexOf('v2');
          if (bad >= 0) throw BatchFailedException.at(bad, new Error('bad'));
        }
      }

      await handleAll(Orders);

      expect(batches).toEqual([
        ['v0', 'v1', 'v2', 'v3', 'v4'],
        ['v2', 'v3', 'v4'],
        ['v2', 'v3', 'v4'],
        ['v3', 'v4'],
      ]);
      expect(await letters()).toEqual(['v2']);
      expect((await fixture.read('orders-dlt'))[0]?.headers).toMatchObject({
        'dlt.error.message': 'bad',
        'dlt.attempts': '3',
        'dlt.offset': '2',
      });
    });

    it('tries only those again that failed, when the handler has done the others', async () => {
      const batches: string[][] = [];
      @Controller()
      class Orders {
        @BatchEventPattern('orders')
        created(@Payload() values: string[]): void {
          batches.push(values);
          const failures = values.flatMap((value, index) => {
            if (value === 'v1') return [{ index, error: new Error('never') }];
            return value === 'v3' && batches.length === 1 ? [{ index, error: new Error('once') }] : [];
          });
          if (failures.length > 0) throw BatchFailedException.of(failures);
        }
      }

      await handleAll(Orders);

      expect(batches).toEqual([['v0', 'v1', 'v2', 'v3', 'v4'], ['v1', 'v3'], ['v1']]);
      expect(await letters()).toEqual(['v1']);
    });

    it('finds the record that fails when the handler does not tell, so that it takes no other along', async () => {
      const batches: string[][] = [];
      @Controller()
      class Orders {
        @BatchEventPattern('orders')
        async created(@Payload() values: string[]): Promise<void> {
          batches.push(values);
          await Promise.resolve();
          if (values.includes('v3')) throw new Error('something');
        }
      }

      await handleAll(Orders);

      expect(batches.slice(0, 3)).toEqual(Array(3).fill(['v0', 'v1', 'v2', 'v3', 'v4']));
      expect(batches.slice(3)).toEqual([['v0'], ['v1'], ['v2'], ['v3'], ['v4']]);
      expect(await letters()).toEqual(['v3']);
    });

    it('acknowledges up to a place with manual acknowledgement', async () => {
      let context: MillraceBatchContext | undefined;
      @Controller()
      class Orders {
        @BatchEventPattern('orders', { ack: 'manual' })
        created(@Ctx() given: MillraceBatchContext): void {
          context = given;
        }
      }
      await fixture.microservice(fixture.server({ drainTimeout: 50 }), [Orders]);
      await eventually('the batch is there', () => context !== undefined);

      context?.ack(1);
      await fixture.committedIs(2, 'orders');
      context?.ack();
      await fixture.committedIs(5, 'orders');
    });

    it('is finished and committed when its server is closed meanwhile, and what follows is left to the next one', async () => {
      const gate = new Gate();
      const batches: string[][] = [];
      @Controller()
      class Orders {
        @BatchEventPattern('orders', { maxBatchRecords: 3 })
        async created(@Payload() values: string[]): Promise<void> {
          batches.push(values);
          await gate.passed();
        }
      }
      const server = fixture.server();
      const app = await fixture.microservice(server, [Orders]);
      await eventually('a batch is under way', () => batches.length === 1);

      const closing = app.close();
      await eventually('the server is closing', () => server.health().state === 'STOPPED');
      gate.open();
      await closing;
      expect(await fixture.committed('orders')).toBe(3);

      await handleAll(Orders);
      expect(batches).toEqual([
        ['v0', 'v1', 'v2'],
        ['v3', 'v4'],
      ]);
    });

    it('refuses at start what cannot be handled in batches', async () => {
      @Controller()
      class Requests {
        @MessagePattern('orders', { batch: true, order: 'random', concurrency: 0 })
        ask(): void {}
      }
      @Controller()
      class Differing {
        @BatchEventPattern('other')
        many(): void {}

        @EventPattern<string>('other')
        one(): void {}
      }
      const start = fixture.microservice(fixture.server(), [Requests, Differing]);

      await expect(start).rejects.toMatchObject({
        code: 'MR_CONFIG_INVALID',
        problems: [
          expect.stringContaining("order: 'random'"),
          expect.stringContaining('concurrency: 0'),
          expect.stringContaining('use @EventPattern'),
          expect.stringContaining("the handlers of 'other': share the records"),
        ],
      });
    });
  });
}
