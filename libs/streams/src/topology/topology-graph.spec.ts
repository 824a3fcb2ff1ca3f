import { describe, expect, it } from '@jest/globals';
import { TopologyBuilder, TopologyError, json, keyValueStore, topic, tumbling, utf8, windowStore } from '../index.js';

const orders = topic('orders', utf8, json<{ readonly id: string }>());
const people = topic('people', utf8, json<{ readonly name: string }>());

function problemsOf(declare: (builder: TopologyBuilder) => void): readonly string[] {
  const builder = new TopologyBuilder('shop');
  declare(builder);
  try {
    builder.build();
  } catch (cause) {
    if (cause instanceof TopologyError) return cause.problems;
    throw cause;
  }
  return [];
}

describe('building a topology', () => {
  it('reports all problems at once', () => {
    const problems = problemsOf((builder) => {
      const stream = builder.stream('orders', orders);
      builder.stream('orders', people);
      builder.stream('orders-again', orders);
      stream.filter('no spaces', () => true);
      stream.process('unknown', class NotRegistered {});
      stream.groupByKey().count('count', { store: 'totals' });
      stream
        .groupByKey()
        .windowedBy(tumbling({ size: 0, grace: 0 }))
        .count('per-nothing', { store: 'totals' });
      builder.idleAdvance('idle', { after: '1s' });
      builder.idleAdvance('idle-again', { after: '1s' });
    });

    expect(problems).toEqual([
      "the name 'orders' is used twice: names are permanent and must be unique in a topology",
      "'no spaces' cannot be the name of a node: use letters, digits, '.', '_' and '-'",
      "the processor of 'unknown' is neither a supplier nor a known provider: register it",
      "the windows of 'per-nothing' have no size: give one above 0",
      "the store name 'totals' is used twice: give each store a name of its own",
      "idle advance is asked for twice, by 'idle' and 'idle-again'",
      "the topic 'orders' is read by two nodes: read it once and use the stream twice",
    ]);
  });

  it('goes on after durations that are none, missing serdes and streams of another topology, and reports them all', () => {
    const another = new TopologyBuilder('another').stream('others', people);
    const untyped = undefined as never;

    const problems = problemsOf((builder) => {
      const stream = builder.stream('orders', { ...orders, key: untyped });
      const table = builder.table('people', people, { store: 'people rows', history: '-1s' });
      builder.globalTable('lands', { ...people, name: 'lands', value: untyped }, { store: 'land-rows' });
      stream.join('with', another as never, {
        within: { before: -5, after: 'soon' as never },
        grace: '1s',
        join: () => 0,
      });
      stream.join('person', table, { join: () => 0 });
      stream
        .groupByKey()
        .windowedBy(tumbling({ size: '5' as never, grace: '1s' }))
        .count('per-five', { store: 'fives', retention: -1 });
      stream.deduplicate('once', { by: () => 'id', id: utf8, within: NaN, store: 'seen' });
      stream.process('handle', {
        stores: [windowStore('recent', { key: utf8, value: utf8, size: '1h', retention: '1w' as never })],
        create: () => ({ process: () => undefined }),
      });
      stream.to('out', { ...orders, name: 'out', value: untyped });
    });

    const duration = "use milliseconds or a text such as '250ms', '5s', '10m', '1h', '2d'";
    expect(problems).toEqual([
      "'people rows' cannot be the name of a store: use letters, digits, '.', '_' and '-'",
      `history of 'people rows': '-1s' is not a duration: ${duration}`,
      `within.before of 'with': '-5' is not a duration: ${duration}`,
      `within.after of 'with': 'soon' is not a duration: ${duration}`,
      `the windows of 'per-five' have a wrong size: '5' is not a duration: ${duration}`,
      `retention of 'per-five': '-1' is not a duration: ${duration}`,
      `within of 'once': 'NaN' is not a duration: ${duration}`,
      `retention of 'recent': '1w' is not a duration: ${duration}`,
      "'with-other' reads 'others' of another topology: write that to a topic, and read it",
      "'orders' has no serde to read its keys: give it one, such as 'utf8' or 'json()'",
      "'out' has no serde to write its values: give it one, such as 'utf8' or 'json()'",
      "the global table 'lands' has no serde to read its values: give it one, such as 'utf8' or 'json()'",
      "the store 'with-left' of 'with-this' has no serde to keep its keys: give it one, such as 'utf8' or 'json()'",
      "the store 'with-right' of 'with-this' has no serde to keep its keys: give it one, such as 'utf8' or 'json()'",
      "the store 'fives' of 'per-five' has no serde to keep its keys: give it one, such as 'utf8' or 'json()'",
    ]);
  });

  it('refuses a topology that reads nothing', () => {
    expect(problemsOf(() => undefined)).toEqual(['it reads no topic: declare a stream or a table']);
  });

  it('fails with a fatal error that names the topology and every problem', () => {
    expect(() => new TopologyBuilder('shop').build()).toThrow(
      expect.objectContaining({
        code: 'MR_TOPOLOGY_INVALID',
        disposition: 'stop-app',
        message: "the topology 'shop' cannot be built:\n  - it reads no topic: declare a stream or a table",
      }),
    );
  });

  it('refuses a store of a table that has the name of a global table', () => {
    const problems = problemsOf((builder) => {
      builder.table('orders', orders, { store: 'rows' });
      builder.globalTable('people', people, { store: 'rows' });
    });

    expect(problems).toEqual(["the store name 'rows' is used twice: give each store a name of its own"]);
  });

  it('lets two processors share a store that both list', () => {
    const stores = [keyValueStore('shared', { key: utf8, value: json<unknown>() })];
    const create = (): { process(): void } => ({ process: () => undefined });
    const problems = problemsOf((builder) => {
      const stream = builder.stream('orders', orders);
      stream.process('one', { stores, create });
      stream.process('other', { stores, create });
    });

    expect(problems).toEqual([]);
  });

  it('puts what calls or stores connect into one sub-topology and parts what only a topic connects', () => {
    const builder = new TopologyBuilder('shop');
    const stream = builder.stream('orders', orders);
    const table = builder.table('people', people, { store: 'people' });
    stream
      .rekey('by-id', (order) => order.id, utf8)
      .join('with-person', table, { join: (order, person) => `${order.id} ${person.name}` });
    const { subTopologies } = builder.build();

    expect(subTopologies.map(({ sources }) => sources.map((each) => each.topic))).toEqual([
      ['orders'],
      ['people', 'by-id'],
    ]);
    expect(subTopologies[1]?.coPartitionGroups).toEqual([['by-id', 'people']]);
  });
});
