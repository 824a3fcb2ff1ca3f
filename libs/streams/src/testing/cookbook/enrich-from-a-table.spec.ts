import { describe, expect, it } from '@jest/globals';
import { TopologyBuilder, json, topic, utf8, type Topology } from '../../index.js';
import { TopologyTestDriver } from '../index.js';

interface Order {
  readonly customerId: string;
  readonly currency: string;
  readonly amount: number;
}

interface Customer {
  readonly segment: string;
}

interface Rate {
  readonly euros: number;
}

const HOUR_MS = 3_600_000;
const orders = topic('orders', utf8, json<Order>());
const customers = topic('customers', utf8, json<Customer>());
const currencies = topic('currencies', utf8, json<{ readonly name: string }>());
const rates = topic('rates', utf8, json<Rate>());
const enriched = topic('orders.enriched', utf8, json<Order & { readonly segment: string | null }>());
const named = topic('orders.named', utf8, json<Order & { readonly currencyName: string | null }>());
const inEuros = topic('orders.in-euros', utf8, json<Order & { readonly euros: number }>());

// #region table
function withCustomers(): Topology {
  const t = new TopologyBuilder('orders-with-customers');
  const byId = t.table('customers', customers, { store: 'customers-by-id' });
  t.stream('orders', orders) // by order number
    .leftJoin('with-customer', byId, {
      by: (order) => order.customerId,
      join: (order, customer) => ({ ...order, segment: customer?.segment ?? null }),
    })
    .to('enriched', enriched); // by customer
  return t.build();
}
// #endregion

// #region global
function withCurrencies(): Topology {
  const t = new TopologyBuilder('orders-with-currencies');
  const byCode = t.globalTable('currencies', currencies, { store: 'currencies-by-code' });
  t.stream('orders', orders)
    .leftJoin('with-currency', byCode, {
      by: (order) => order.currency,
      join: (order, currency) => ({ ...order, currencyName: currency?.name ?? null }),
    })
    .to('named', named); // by order number, as it came
  return t.build();
}
// #endregion

// #region as-of
function atTheRateOfTheTime(): Topology {
  const t = new TopologyBuilder('orders-in-euros');
  const byCurrency = t.table('rates', rates, { store: 'rates-by-currency', history: '7d' });
  t.stream('orders', orders)
    .rekey('by-currency', (order) => order.currency, utf8)
    .join('at-rate', byCurrency, {
      grace: '1h',
      join: (order, rate) => ({ ...order, euros: order.amount * rate.euros }),
    })
    .to('in-euros', inEuros);
  return t.build();
}
// #endregion

const ORDER: Order = { customerId: 'ada', currency: 'USD', amount: 10 };

describe('cookbook: enrich from a table', () => {
  // #region test
  it('gives each order the row of its moment, and a change of the row changes no order', async () => {
    const driver = new TopologyTestDriver(withCustomers());
    await driver.input(orders).pipe('o1', ORDER);
    await driver.input(customers).pipe('ada', { segment: 'new' });
    await driver.input(orders).pipe('o2', ORDER);
    driver.restart();
    await driver.input(customers).pipe('ada', { segment: 'gold' });
    await driver.input(orders).pipe('o3', ORDER);

    const segments = driver
      .output(enriched)
      .readValues()
      .map((order) => order?.segment);
    expect(segments).toEqual([null, 'new', 'gold']);
  });
  // #endregion

  it('takes the records to where the rows are, over any number of partitions', async () => {
    const driver = new TopologyTestDriver(withCustomers(), { partitions: 3, order: 'merged' });
    for (const customer of ['ada', 'bob', 'eve']) await driver.input(customers).pipe(customer, { segment: customer });
    for (const customerId of ['ada', 'bob', 'eve', 'ada']) {
      await driver.input(orders).pipe(`o-${customerId}`, { ...ORDER, customerId });
    }

    const enrichedOrders = driver.output(enriched).readRecords();
    expect(enrichedOrders).toHaveLength(4);
    for (const { key, value } of enrichedOrders) expect(value).toMatchObject({ customerId: key, segment: key });
  });

  it('looks a global table up by any key, and leaves the record where it is', async () => {
    const driver = new TopologyTestDriver(withCurrencies(), { partitions: 3 });
    await driver.input(currencies).pipe('USD', { name: 'US dollar' });
    await driver.input(orders).pipe('o1', ORDER);

    expect(driver.output(named).readRecords()).toMatchObject([{ key: 'o1', value: { currencyName: 'US dollar' } }]);
    expect(withCurrencies().describe()).not.toContain('repartition');
  });

  // #region as-of-test
  it('takes the rate that held when the order was made, although the rate arrives later', async () => {
    const driver = new TopologyTestDriver(atTheRateOfTheTime());
    await driver.input(rates).pipe('USD', { euros: 0.9 }, { timestampMs: 0 });
    await driver.input(orders).pipe('o1', ORDER, { timestampMs: 2 * HOUR_MS });
    await driver.input(rates).pipe('USD', { euros: 0.8 }, { timestampMs: 1 * HOUR_MS });
    await driver.input(rates).pipe('USD', { euros: 0.5 }, { timestampMs: 3 * HOUR_MS });
    await driver.input(orders).pipe('o2', ORDER, { timestampMs: 4 * HOUR_MS });

    expect(driver.output(inEuros).readValues()).toMatchObject([{ euros: 8 }]);
  });
  // #endregion
});
