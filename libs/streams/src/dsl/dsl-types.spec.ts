import { describe, expect, it } from '@jest/globals';
import {
  TopologyBuilder,
  bytes,
  header,
  int64,
  json,
  keyValueStore,
  topic,
  tumbling,
  utf8,
  type KStream,
  type ProcessorSupplier,
} from '../index.js';
import { TopologyTestDriver } from '../testing/topology-test-driver.js';

interface Order {
  readonly customer: string;
  readonly amount: number;
}

const orders = topic('orders', utf8, json<Order>());
const byNumber = topic('orders-by-number', int64, json<Order>());
const names = topic('names', utf8, json<string>());
const numbers = topic('numbers', int64, json<string>());
const texts = topic('texts', utf8, utf8);
const within = { before: 1, after: 1 };

/** A topology that is never built: what stands in it must not compile, and is run only to see that it is reached. */
function scratch(): { readonly builder: TopologyBuilder; readonly stream: KStream<string, Order> } {
  const builder = new TopologyBuilder('scratch');
  return { builder, stream: builder.stream('orders', orders) };
}

describe('the types of the DSL', () => {
  it('let a stream be written only to a topic of its keys and values', async () => {
    const { stream } = scratch();
    // @ts-expect-error the values are orders
    stream.to('values', texts);
    // @ts-expect-error the keys are texts
    stream.to('keys', byNumber);
    // @ts-expect-error one of the topics has other keys
    stream.toOneOf('one-of', [orders, byNumber], () => 'orders');

    const builder = new TopologyBuilder('right');
    builder
      .stream('in', orders)
      .mapValues('customer', (order) => order.customer, utf8)
      .to('out', texts);
    const driver = new TopologyTestDriver(builder.build());
    await driver.input(orders).pipe('1', { customer: 'ann', amount: 1 });
    expect(driver.output(texts).readValues()).toEqual(['ann']);
  });

  it('give handlers the fields of their values, and ask for a serde with a new key', () => {
    const { stream } = scratch();
    // @ts-expect-error an order has no such field
    stream.filter('field', (order) => order.total > 1);
    // @ts-expect-error the new keys need a serde
    stream.rekey('rekey', (order) => order.amount);
    // @ts-expect-error the serde is not that of the new keys
    stream.rekey('rekey-wrong', (order) => order.amount, utf8);
    // @ts-expect-error the new keys need a serde
    stream.groupBy('group', (order) => order.amount);
    // @ts-expect-error new keys and values need serdes
    stream.map('map', (order) => [order.amount, order.customer]);
    // @ts-expect-error the serde is not that of the new values
    stream.mapValues('map-wrong', (order) => order.amount, utf8);
    expect(stream.rekey('right', (order) => order.amount, int64).serdes.key).toBe(int64);
  });

  it('join streams of one key only, and merge streams of one type', () => {
    const { builder, stream } = scratch();
    const other = builder.stream('by-number', byNumber);
    // @ts-expect-error the keys differ
    stream.join('join', other, { within, grace: 0, join: () => 0 });
    // @ts-expect-error the keys differ
    stream.leftJoin('left', other, { within, grace: 0, join: () => 0 });
    // @ts-expect-error the keys differ
    stream.outerJoin('outer', other, { within, grace: 0, join: () => 0 });
    // @ts-expect-error a right record may be missing
    stream.leftJoin('null', stream, { within, grace: 0, join: (_left, right) => right.amount });
    // @ts-expect-error the keys differ
    stream.merge('merge', other);
    const named = builder.stream('names', names);
    // @ts-expect-error the values differ
    stream.merge('merge-values', named);
    const join = (left: Order, right: string): unknown => [left, right];
    // @ts-expect-error a join of streams needs a window
    expect(() => stream.join('no-window', named, { join })).toThrow();
    const joined = stream.join('right', named, { within, grace: 0, join: (left, right) => left.amount + right.length });
    expect(joined.serdes.key).toBe(utf8);
  });

  it('join a stream with a table of other keys only by what names the row, and give the result the key of the row', async () => {
    const { builder, stream } = scratch();
    const table = builder.table('numbers', numbers, { store: 'numbers' });
    const global = builder.globalTable('global', topic('global', int64, json<string>()), { store: 'global' });
    // @ts-expect-error the keys differ, and nothing says which row
    stream.join('table', table, { join: () => 0 });
    // @ts-expect-error the keys differ, and nothing says which row
    stream.leftJoin('left-table', table, { join: () => 0 });
    // @ts-expect-error the keys differ, and nothing says which row
    stream.join('global', global, { join: () => 0 });
    // @ts-expect-error the rows have numbers for keys
    stream.join('by', table, { by: (order) => order.customer, join: (order, name) => [order, name] });
    // @ts-expect-error the rows have numbers for keys
    stream.join('by-global', global, { by: (order) => order.customer, join: (order, name) => [order, name] });
    // @ts-expect-error a row may be missing
    stream.leftJoin('null', table, { by: (order) => order.amount, join: (_order, name) => name.length });
    const joined = stream.join('moved', table, { by: (order) => order.amount, join: (order) => order });
    // @ts-expect-error the result has the keys of the rows
    joined.to('moved-out', orders);
    const stayed = stream.join('stayed', global, { by: (order) => order.amount, join: (order) => order });
    // @ts-expect-error the result has the keys that it had
    stayed.to('stayed-out', byNumber);

    const right = new TopologyBuilder('right');
    const rows = right.table('rows', numbers, { store: 'rows' });
    right
      .stream('in', orders)
      .join('joined', rows, {
        by: (order) => order.amount,
        join: (order, name, key) => ({ ...order, customer: `${name}${key}` }),
      })
      .to('out', byNumber);
    const driver = new TopologyTestDriver(right.build());
    await driver.input(numbers).pipe(7, 'ann');
    await driver.input(orders).pipe('1', { customer: '?', amount: 7 });
    expect(driver.output(byNumber).readRecords()).toMatchObject([{ key: 7, value: { customer: 'ann7' } }]);
  });

  it('join tables by one key, and by a foreign key of the other table', () => {
    const { builder } = scratch();
    const table = builder.table('names', names, { store: 'names' });
    const other = builder.table('numbers', numbers, { store: 'numbers' });
    // @ts-expect-error the keys differ
    table.join('join', other, { store: 'joined', join: (left, right) => [left, right] });
    // @ts-expect-error the keys differ
    table.outerJoin('outer', other, { store: 'outer', join: (left, right) => [left, right] });
    // @ts-expect-error the other table has numbers for keys
    table.foreignKeyJoin('foreign', other, { store: 'foreign', foreignKey: (name) => name, join: (l, r) => [l, r] });
    const left = { store: 'left', foreignKey: (name: string) => name.length };
    // @ts-expect-error the other row may be missing
    table.leftForeignKeyJoin('left', other, { ...left, join: (_name: string, row: string) => row.length });
    // @ts-expect-error the serde is not that of the result
    table.join('value', table, { store: 'value', value: utf8, join: (name) => name.length });
    const joined = table.foreignKeyJoin('right', other, {
      store: 'right',
      foreignKey: (name) => name.length,
      join: (name, row) => `${name}${row}`,
    });
    expect(joined.serdes.key).toBe(utf8);
  });

  it('fold into the type that a store is declared with', () => {
    const { builder, stream } = scratch();
    const grouped = stream.groupByKey();
    // @ts-expect-error an aggregate needs a store
    grouped.count('count', {});
    // @ts-expect-error a count is a number
    grouped.count('count-text', { store: 'counts', value: utf8 });
    // @ts-expect-error a reduction gives what it is given
    grouped.reduce('reduce', { store: 'reduced', reduce: (sum: Order) => sum.amount });
    // @ts-expect-error the aggregate is a number
    grouped.aggregate('sum', { store: 'sums', value: utf8, initialize: () => 0, add: (sum: number) => sum });
    const windowed = grouped.windowedBy(tumbling({ size: 1, grace: 0 })).count('windowed', { store: 'w' });
    // @ts-expect-error the keys are windows now
    windowed.toStream('changes').to('out', topic('totals', utf8, int64));
    const other = builder.stream('by-number', byNumber).groupByKey();
    // @ts-expect-error the keys of cogrouped streams must be the same
    grouped.cogroup((sum: number) => sum).cogroup(other, (sum) => sum);
    expect(grouped.count('right', { store: 'right' }).serdes.value).toBe(int64);
  });

  it('hold processors to the keys and values of their stream, their stores and their outputs', () => {
    const { stream } = scratch();
    const store = keyValueStore('seen', { key: utf8, value: json<number>() });
    const forwards: ProcessorSupplier<string, Order, number, string> = {
      create: () => ({ process: ({ value }, context) => context.forward(value.amount, value.customer) }),
    };
    // @ts-expect-error it passes on other keys and values, which need serdes
    stream.process('no-serdes', forwards);
    // @ts-expect-error the serdes are not those of what it passes on
    stream.process('wrong-serdes', forwards, { key: utf8, value: utf8 });
    const ofNumbers: ProcessorSupplier<string, number, string, number> = {
      create: () => ({ process: () => undefined }),
    };
    // @ts-expect-error it handles numbers
    stream.process('wrong-input', ofNumbers);
    const outputs = { large: { key: utf8, value: json<Order>() } };
    const split = stream.processInto('split', { create: () => ({ process: () => undefined }) }, outputs);
    // @ts-expect-error there is no such output
    expect(split.small).toBeUndefined();
    // @ts-expect-error the output has orders for values
    split.large.to('large', texts);
    stream.process('stores', {
      stores: [store],
      create: () => ({
        process: ({ key }, context) => {
          // @ts-expect-error the store's keys are texts
          context.store(store).get(1);
          // @ts-expect-error the store's values are numbers
          context.store(store).put(key, 'one');
        },
      }),
    });
    expect(stream.process('right', forwards, { key: int64, value: utf8 }).serdes.key).toBe(int64);
  });

  it('part a topic into the types that a router names', () => {
    const builder = new TopologyBuilder('routes');
    const raw = builder.stream('raw', topic('raw', utf8, bytes));
    const routes = raw.route('by-type', { by: header('type'), types: { order: json<Order>(), name: utf8 } });
    // @ts-expect-error there is no such type
    expect(routes.other).toBeUndefined();
    // @ts-expect-error an order is not a text
    routes.order.to('wrong', texts);
    // @ts-expect-error only a stream of bytes is parted by its types' serdes
    builder.stream('orders', orders).route('not-bytes', { by: header('type'), types: { order: json<Order>() } });
    routes.name.to('right', texts);
    expect(Object.keys(routes).sort()).toEqual(['name', 'order']);
  });

  it("hold tests to the keys and values of the driver's topics", async () => {
    const builder = new TopologyBuilder('driven');
    builder.stream('in', orders).to('out', topic('out', utf8, json<Order>()));
    const driver = new TopologyTestDriver(builder.build());
    const input = driver.input(orders);
    const wrong = (): unknown[] => [
      // @ts-expect-error the keys are texts
      input.pipe(1, { customer: 'ann', amount: 1 }),
      // @ts-expect-error an order has an amount
      input.pipe('1', { customer: 'ann' }),
    ];
    expect(wrong).toHaveLength(0);
    await input.pipe('1', { customer: 'ann', amount: 1 });
    const [read] = driver.output(orders).readRecords();
    // @ts-expect-error a value may be null
    expect(() => read?.value.amount).not.toThrow();
    expect(driver.output(topic('out', utf8, json<Order>())).readValues()).toEqual([{ customer: 'ann', amount: 1 }]);
  });
});
