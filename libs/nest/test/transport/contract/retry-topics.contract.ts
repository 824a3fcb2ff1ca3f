import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BatchEventPattern, MillraceContext, RejectedRecordException } from '@millrace/nest/transport';
import { eventually } from '@millrace/testing';
import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { TransportFixture, type TransportBrokers } from '../transport-fixture.js';

/** @param brokers Where it is to hold. */
export function describeRetryTopics(brokers: TransportBrokers): void {
  let fixture: TransportFixture;

  beforeEach(async () => {
    fixture = await TransportFixture.start(brokers, { orders: 2 });
  });

  afterEach(() => fixture.stop());

  const policy = { retry: { attempts: 1, initial: 1, max: 1 }, retryTopic: { delays: [50, 100] } };

  describe('the retry topics of a MillraceServer', () => {
    it('take records that fail, so that others go on, and hand them over again as they were', async () => {
      const seen: { value: string; context: MillraceContext }[] = [];
      let isAway = true;
      @Controller()
      class Orders {
        @EventPattern<RegExp>(/orders/)
        created(@Payload() value: string, @Ctx() context: MillraceContext): void {
          if (value === 'unlucky' && isAway) throw new Error('the service is away');
          seen.push({ value, context });
        }
      }
      const trace = { key: 'trace', value: Buffer.from('t1') };
      await fixture.produce('orders', [
        { value: 'other', partition: 1 },
        { key: 'k', value: 'unlucky', partition: 1, timestampMs: 77, headers: [trace] },
        { value: 'next', partition: 1 },
      ]);

      const startedMs = performance.now();
      await fixture.microservice(fixture.server({ policy }), [Orders]);
      await fixture.committedIs(3, 'orders', 1);
      expect(seen.map(({ value }) => value)).toEqual(['other', 'next']);
      isAway = false;
      await eventually('the unlucky one is handled', () => seen.length === 3);

      expect(performance.now() - startedMs).toBeGreaterThanOrEqual(50);
      const { context } = seen[2] as (typeof seen)[2];
      expect(context).toMatchObject({ topic: 'orders', partition: 1, offset: 1, timestampMs: 77 });
      expect(context.failures).toBeGreaterThanOrEqual(2);
      expect(context.headers).toEqual([trace]);
      const [waiting] = await fixture.read('spec-orders-retry-1');
      expect(waiting).toMatchObject({ key: 'k', value: 'unlucky', partition: 1, timestampMs: 77 });
      expect(waiting?.headers).toMatchObject({
        trace: 't1',
        'retry.topic': 'orders',
        'retry.partition': '1',
        'retry.offset': '1',
        'retry.attempts': '2',
        'retry.tier': '1',
        'retry.node': 'orders',
      });
      await fixture.committedIs(1, 'spec-orders-retry-1', 1);
      expect(await fixture.read('orders-dlt')).toEqual([]);
    });

    it('come one after the other, before the dead letters, which tell of all attempts', async () => {
      const atMs: number[] = [];
      @Controller()
      class Orders {
        @EventPattern('orders')
        created(@Payload() value: string): void {
          if (value === 'refused') throw new RejectedRecordException('for good');
          atMs.push(performance.now());
          throw new Error('never');
        }
      }
      await fixture.produce('orders', [{ value: 'refused' }, { value: 'bad', partition: 1 }]);

      await fixture.microservice(fixture.server({ policy }), [Orders]);
      await eventually('both are dead letters', async () => (await fixture.read('orders-dlt')).length === 2);

      const letters = await fixture.read('orders-dlt');
      expect(letters.map(({ value, headers }) => [value, headers['dlt.attempts'], headers['dlt.offset']])).toEqual([
        ['refused', '1', '0'],
        ['bad', '6', '0'],
      ]);
      expect(letters[1]?.headers['retry.tier']).toBeUndefined();
      expect(atMs).toHaveLength(6);
      expect((atMs[4] as number) - (atMs[1] as number)).toBeGreaterThanOrEqual(150);
    });

    it('hand records of batches over one by one', async () => {
      const batches: string[][] = [];
      @Controller()
      class Orders {
        @BatchEventPattern('orders')
        created(@Payload() values: string[]): void {
          batches.push(values);
          if (batches.length <= 4) throw new Error('not yet');
        }
      }
      await fixture.produce('orders', [{ value: 'a' }, { value: 'b' }]);

      await fixture.microservice(fixture.server({ policy }), [Orders]);
      await fixture.committedIs(2, 'spec-orders-retry-1', 0);

      expect(batches).toEqual([['a', 'b'], ['a', 'b'], ['a'], ['b'], ['a'], ['b']]);
    });
  });
}
