import { describe, expect, it } from '@jest/globals';
import { TopologyBuilder, bytes, header, json, topic, utf8, type Topology } from '../../index.js';
import { TopologyTestDriver } from '../index.js';

interface Order {
  readonly country: string;
  readonly total: number;
  readonly lines: readonly Line[];
}

interface Line {
  readonly article: string;
  readonly count: number;
}

interface Placed {
  readonly type: 'placed';
  readonly total: number;
}

interface Cancelled {
  readonly type: 'cancelled';
  readonly reason: string;
}

const orders = topic('orders', utf8, json<Order>());
const orderLines = topic('order-lines', utf8, json<Line>());
const toReview = topic('orders.to-review', utf8, json<Order>());
const ordersDe = topic('orders.de', utf8, json<Order>());
const ordersUs = topic('orders.us', utf8, json<Order>());
const shipped = topic('shipped', utf8, json<Order>());
const events = topic('order-events', utf8, bytes);
const changes = topic('order-changes', utf8, json<Placed | Cancelled>());
const totals = topic('totals', utf8, json<number>());
const reasons = topic('reasons', utf8, json<string>());

// #region several
function several(): Topology {
  const t = new TopologyBuilder('order-fan-out');
  const all = t.stream('orders', orders);
  all.flatMapValues('lines', (order) => order.lines).to('order-lines', orderLines);
  all.filter('expensive', (order) => order.total > 1_000).to('to-review', toReview);
  return t.build();
}
// #endregion

// #region branch
function branched(): Topology {
  const t = new TopologyBuilder('order-branches');
  const { domestic, default: abroad } = t
    .stream('orders', orders)
    .branch('by-country', { domestic: (order) => order.country === 'DE' });
  domestic.to('to-de', ordersDe);
  abroad.filter('known', (order) => order.country === 'US').to('to-us', ordersUs);
  return t.build();
}
// #endregion

// #region to-one-of
function toTopicOfCountry(): Topology {
  const t = new TopologyBuilder('orders-by-country');
  t.stream('orders', orders).toOneOf(
    'by-country',
    [ordersDe, ordersUs],
    (order) => `orders.${order.country.toLowerCase()}`,
  );
  return t.build();
}
// #endregion

// #region route
function routed(): Topology {
  const t = new TopologyBuilder('order-events-by-type');
  const routes = t.stream('events', events).route('by-type', {
    by: header('event-type'),
    types: { 'order.placed': json<Placed>(), 'order.cancelled': json<Cancelled>() },
    unknown: 'ignore',
  });
  routes['order.placed'].mapValues('total', ({ total }) => total).to('totals', totals);
  routes['order.cancelled'].mapValues('reason', ({ reason }) => reason).to('reasons', reasons);
  return t.build();
}
// #endregion

// #region route-by
function routedByField(): Topology {
  const t = new TopologyBuilder('order-changes-by-type');
  const { placed, cancelled } = t.stream('changes', changes).routeBy('by-type', 'type', ['placed', 'cancelled']);
  placed.mapValues('total', ({ total }) => total).to('totals', totals);
  cancelled.mapValues('reason', ({ reason }) => reason).to('reasons', reasons);
  return t.build();
}
// #endregion

// #region outputs
function withOutputs(): Topology {
  const t = new TopologyBuilder('order-outputs');
  const outputs = t.stream('orders', orders).processInto(
    'split',
    {
      create: () => ({
        process: ({ key, value }, context) => {
          void context.to('shipped').forward(key, value);
          if (value.total > 1_000) void context.to('reviewed').forward(value.country, value);
        },
      }),
    },
    { shipped: { key: utf8, value: json<Order>() }, reviewed: { key: utf8, value: json<Order>() } },
  );
  outputs.shipped.to('shipped', shipped);
  outputs.reviewed.to('to-review', toReview); // by country
  return t.build();
}
// #endregion

const ORDER: Order = {
  country: 'DE',
  total: 2_000,
  lines: [
    { article: 'bolt', count: 2 },
    { article: 'nut', count: 1 },
  ],
};

describe('cookbook: fan-out', () => {
  // #region test
  it('gives every reader of a stream every record, and all of a record or nothing of it', async () => {
    const driver = new TopologyTestDriver(several(), { policy: { onProcessingError: 'dead-letter' } });
    await driver.input(orders).pipe('o1', ORDER);
    await driver.input(orders).pipe('o2', { ...ORDER, lines: null as never }); // cannot be processed

    expect(driver.output(orderLines).readValues()).toEqual(ORDER.lines);
    expect(
      driver
        .output(toReview)
        .readRecords()
        .map(({ key }) => key),
    ).toEqual(['o1']);
    expect(driver.deadLetters(orders)).toHaveLength(1);
  });
  // #endregion

  it('sends a record to one branch alone', async () => {
    const driver = new TopologyTestDriver(branched());
    for (const country of ['DE', 'US', 'FR']) await driver.input(orders).pipe(country, { ...ORDER, country });

    expect(
      driver
        .output(ordersDe)
        .readRecords()
        .map(({ key }) => key),
    ).toEqual(['DE']);
    expect(
      driver
        .output(ordersUs)
        .readRecords()
        .map(({ key }) => key),
    ).toEqual(['US']);
  });

  it('chooses a topic for each record, and makes a dead letter of one for which there is none', async () => {
    const driver = new TopologyTestDriver(toTopicOfCountry());
    for (const country of ['DE', 'US', 'FR']) await driver.input(orders).pipe(country, { ...ORDER, country });

    expect(
      driver
        .output(ordersDe)
        .readRecords()
        .map(({ key }) => key),
    ).toEqual(['DE']);
    expect(
      driver
        .output(ordersUs)
        .readRecords()
        .map(({ key }) => key),
    ).toEqual(['US']);
    expect(driver.deadLetters(orders)).toMatchObject([{ node: 'by-country' }]);
  });

  it('reads each type of event by its own serde', async () => {
    const driver = new TopologyTestDriver(routed());
    const pipe = (type: string, value: object): Promise<void> =>
      driver.input(events).pipe('o1', Buffer.from(JSON.stringify(value)), {
        headers: [{ key: 'event-type', value: Buffer.from(type) }],
      });
    await pipe('order.placed', { type: 'placed', total: 5 });
    await pipe('order.cancelled', { type: 'cancelled', reason: 'too slow' });
    await pipe('order.printed', {});

    expect(driver.output(totals).readValues()).toEqual([5]);
    expect(driver.output(reasons).readValues()).toEqual(['too slow']);
    expect(driver.counters().deadLettered).toBe(0);
  });

  it('parts values by a field that names their type', async () => {
    const driver = new TopologyTestDriver(routedByField());
    await driver.input(changes).pipe('o1', { type: 'placed', total: 5 });
    await driver.input(changes).pipe('o1', { type: 'cancelled', reason: 'too slow' });

    expect(driver.output(totals).readValues()).toEqual([5]);
    expect(driver.output(reasons).readValues()).toEqual(['too slow']);
  });

  it('lets a processor choose among outputs of its own, under keys of its own', async () => {
    const driver = new TopologyTestDriver(withOutputs());
    await driver.input(orders).pipe('o1', ORDER);
    await driver.input(orders).pipe('o2', { ...ORDER, total: 5 });

    expect(
      driver
        .output(shipped)
        .readRecords()
        .map(({ key }) => key),
    ).toEqual(['o1', 'o2']);
    expect(
      driver
        .output(toReview)
        .readRecords()
        .map(({ key }) => key),
    ).toEqual(['DE']);
  });
});
