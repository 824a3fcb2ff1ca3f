import { describe, expect, it } from '@jest/globals';
import { resolveDelivery, type Delivery, type HandlerExtras } from './delivery-options.js';
import { findPassedOver, type HandlerPattern } from './handler-topics.js';

const defaults = resolveDelivery({}, 'delivery', []);

/** What is told of a handler of `pattern` with these extras where these topics are read. */
function problemsOf(pattern: HandlerPattern, extras: HandlerExtras, topics: readonly HandlerPattern[]): string[] {
  const delivery: Delivery = { batch: false, ...defaults, ...extras };
  const problems: string[] = [];
  findPassedOver(new Map([[pattern, delivery]]), topics, defaults, problems);
  return problems;
}

describe('findPassedOver', () => {
  it('finds a delivery that no topic can have', () => {
    expect(problemsOf('order.created', { ack: 'manual', maxUnacknowledged: 5 }, ['orders'])).toEqual([
      expect.stringMatching(/'order\.created'.*\(ack, maxUnacknowledged\).*set the server's delivery/),
    ]);
    expect(problemsOf(/^order\./, { batch: true }, ['orders'])).toEqual([
      expect.stringMatching(/\(batch\).*: make the topic its pattern/),
    ]);
    expect(problemsOf('order.created', { order: 'key' }, ['orders', /^payments/])).toHaveLength(1);
  });

  it('finds nothing where a topic has it, or may come to have it', () => {
    const extras = { ack: 'manual', batch: true } as const;

    expect(problemsOf('orders', extras, ['payments', 'orders'])).toEqual([]);
    expect(problemsOf(/^orders/, extras, ['orders.eu'])).toEqual([]);
    expect(problemsOf('orders.eu', extras, [/^orders/])).toEqual([]);
    expect(problemsOf(/^orders/, extras, [/eu$/])).toEqual([]);
  });

  it('finds nothing where a handler asks for what all others have', () => {
    expect(problemsOf('order.created', {}, ['orders'])).toEqual([]);
    expect(problemsOf('order.created', { ack: 'auto' }, ['orders'])).toEqual([]);
  });
});
