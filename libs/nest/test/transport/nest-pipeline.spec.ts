import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MillraceContext, MillraceServer, type MillraceServerParts } from '@millrace/nest/transport';
import { eventually } from '@millrace/testing';
import {
  Controller,
  Injectable,
  ParseIntPipe,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { EMPTY, concat, of, tap, throwError, type Observable } from 'rxjs';
import { embeddedBrokers } from './embedded-brokers.js';
import { TransportFixture, answerOf } from './transport-fixture.js';

let fixture: TransportFixture;
let steps: string[] = [];

beforeEach(async () => {
  steps = [];
  fixture = await TransportFixture.start(embeddedBrokers, { orders: 1, twice: 1, 'twice.reply': 1 });
});

afterEach(() => fixture.stop(), 20_000);

@Injectable()
class Guard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    steps.push(`guard ${context.switchToRpc().getContext<MillraceContext>().offset}`);
    return context.switchToRpc().getData() !== 'forbidden';
  }
}

@Injectable()
class Interceptor implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(tap({ complete: () => void steps.push('interceptor') }));
  }
}

/** Takes the place of what is thrown, so that the record counts as handled. */
class Forgive implements ExceptionFilter {
  catch(): Observable<never> {
    steps.push('filter');
    return EMPTY;
  }
}

describe("Nest's pipeline around handlers of a MillraceServer", () => {
  it('runs guards, interceptors, pipes and filters; what a filter forgives is handled', async () => {
    @Controller()
    class Orders {
      @UseGuards(Guard)
      @UseInterceptors(Interceptor)
      @UseFilters(Forgive)
      @EventPattern('orders')
      created(@Payload(ParseIntPipe) id: number): void {
        steps.push(`handler ${id + 1}`);
      }
    }
    await fixture.produce('orders', [{ value: '7' }, { value: 'no number' }, { value: 'forbidden' }]);

    await fixture.microservice(fixture.server(), [Orders]);
    await fixture.committedIs(3, 'orders');

    expect(steps).toEqual(['guard 0', 'handler 8', 'interceptor', 'guard 1', 'filter', 'guard 2', 'filter']);
    expect(await fixture.read('orders-dlt')).toEqual([]);
  });

  it('makes controllers of request scope anew for each record', async () => {
    let made = 0;
    @Controller({ scope: Scope.REQUEST })
    class Orders {
      readonly nth = ++made;

      @EventPattern('orders')
      created(@Payload() value: string): void {
        steps.push(`${this.nth} ${value}`);
      }

      @MessagePattern('twice')
      twice(@Payload() value: string): string {
        return value + value;
      }
    }
    await fixture.produce('orders', [{ value: 'a' }, { value: 'b' }]);

    await fixture.microservice(fixture.server(), [Orders]);
    await fixture.committedIs(2, 'orders');

    expect(steps.map((step) => step.slice(-1))).toEqual(['a', 'b']);
    expect(new Set(steps.map((step) => step.slice(0, -2))).size).toBe(2);
    const client = await fixture.nestClient(['twice']);
    expect(await answerOf(client, 'twice', 'ab')).toBe('abab');
  }, 20_000);

  it('waits for the end of a stream that an event handler returns, and takes its error for a failure', async () => {
    let calls = 0;
    @Controller()
    class Orders {
      @EventPattern<string>('orders')
      created(): Observable<number> {
        calls += 1;
        return calls === 1
          ? concat(
              of(1),
              throwError(() => new Error('at last')),
            )
          : of(1, 2);
      }
    }
    await fixture.produce('orders', [{ value: 'a' }]);

    await fixture.microservice(fixture.server(), [Orders]);
    await fixture.committedIs(1, 'orders');

    expect(calls).toBe(2);
  });

  it('is told when handling begins and ends', async () => {
    @Controller()
    class Orders {
      @EventPattern<string>('orders')
      created(): void {
        steps.push('handler');
      }
    }
    const server = fixture.server();
    server.setOnProcessingStartHook((_, context, done) => {
      steps.push(`start ${(context as MillraceContext).topic}`);
      void done();
    });
    server.setOnProcessingEndHook(() => steps.push('end'));
    await fixture.produce('orders', [{ value: 'a' }]);

    await fixture.microservice(server, [Orders]);
    await fixture.committedIs(1, 'orders');

    expect(steps).toEqual(['start orders', 'handler', 'end']);
  });

  it('gives out status and parts of the server, and lets it listen again only after it was closed', async () => {
    @Controller()
    class Orders {
      @EventPattern('orders')
      created(@Payload() value: string): void {
        steps.push(value);
      }
    }
    const server = fixture.server();
    const statuses: string[] = [];
    server.status.subscribe((status) => statuses.push(status));
    expect(() => server.unwrap()).toThrow(expect.objectContaining({ code: 'MR_LIFECYCLE_ORDER' }));
    await fixture.microservice(server, [Orders]);

    const { producer } = server.unwrap<MillraceServerParts>();
    await producer.sendAndWait('orders', null, Buffer.from('by its own producer'));
    await eventually('it is handled', () => steps.length === 1);
    const listen = (): Promise<unknown> => new Promise((resolve) => void server.listen(resolve));
    expect(await listen()).toMatchObject({ code: 'MR_LIFECYCLE_ORDER' });
    await server.close();
    expect(statuses).toEqual(['rebalancing', 'connected', 'stopped']);

    expect(await listen()).toBeUndefined();
    await fixture.produce('orders', [{ value: 'again' }]);
    await eventually('it listens again', () => steps.includes('again'));
    expect(server).toBeInstanceOf(MillraceServer);
  });
});
