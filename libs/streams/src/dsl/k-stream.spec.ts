import { describe, expect, it } from '@jest/globals';
import { TaskHarness } from '../../test/task-harness.js';
import {
  TopologyBuilder,
  int64,
  json,
  keyValueStore,
  topic,
  tumbling,
  utf8,
  windowedKey,
  type KStream,
} from '../index.js';
import { TopologyTestDriver } from '../testing/topology-test-driver.js';

const numbers = topic('numbers', utf8, json<number>());
const more = topic('more', utf8, json<number>());
const out = topic('out', utf8, json<number>());

function driving(declare: (stream: KStream<string, number>, builder: TopologyBuilder) => void): TopologyTestDriver {
  const builder = new TopologyBuilder('numbers');
  declare(builder.stream('in', numbers), builder);
  return new TopologyTestDriver(builder.build());
}

describe('KStream', () => {
  it('sends a record to the first branch that takes it, and to default where none does', async () => {
    const driver = driving((stream) => {
      const {
        even,
        big,
        default: rest,
      } = stream.branch('kinds', {
        even: (value) => value % 2 === 0,
        big: (value) => value > 10,
      });
      even.mapValues('as-even', (value) => value + 1_000).to('evens', out);
      big.mapValues('as-big', (value) => value + 2_000).to('bigs', out);
      rest.to('rest', out);
    });
    for (const value of [12, 13, 3]) await driver.input(numbers).pipe('k', value);

    expect(driver.output(out).readValues()).toEqual([1_012, 2_013, 3]);
  });

  it('writes each record to the topic that is chosen for it, and gives up those for which none is', async () => {
    const driver = driving((stream) =>
      stream.toOneOf('routed', [topic('evens', utf8, json<number>()), topic('odds', utf8, json<number>())], (value) => {
        if (value > 100) return 'elsewhere';
        return value % 2 === 0 ? 'evens' : 'odds';
      }),
    );
    for (const value of [12, 13, 101, 14]) await driver.input(numbers).pipe('k', value);

    expect(driver.output(topic('evens', utf8, json<number>())).readValues()).toEqual([12, 14]);
    expect(driver.output(topic('odds', utf8, json<number>())).readValues()).toEqual([13]);
    expect(driver.counters().deadLettered).toBe(1);
  });

  it('runs a processor of values with state, and repartitions nothing after it', async () => {
    const sums = keyValueStore('sums', { key: utf8, value: json<number>() });
    const builder = new TopologyBuilder('numbers');
    builder
      .stream('in', numbers)
      .processValues<number>('running-sum', {
        stores: [sums] as never,
        create: () => ({
          process: ({ key, value }, context) => {
            const sum = (context.store(sums).get(key) ?? 0) + value;
            context.store(sums).put(key, sum);
            return Promise.resolve().then(() => context.forward(sum));
          },
        }),
      })
      .groupByKey()
      .count('sums-seen', { store: 'counts' })
      .toStream('changes')
      .to('sink', topic('out', utf8, int64));
    const topology = builder.build();
    const driver = new TopologyTestDriver(topology);
    for (const value of [1, 2, 3]) await driver.input(numbers).pipe('k', value);

    expect(driver.store<string, number>('sums').get('k')).toBe(6);
    expect(driver.output(topic('out', utf8, int64)).readValues()).toEqual([1, 2, 3]);
    expect(topology.subTopologies).toHaveLength(1);
  });

  it('refuses to forward from a processor of values when it handles no record', async () => {
    const driver = driving((stream) =>
      stream
        .processValues<number>('ticking', {
          create: () => ({
            init: (context) => void context.schedule(10, 'wall-clock', () => context.forward(1)),
            process: () => undefined,
          }),
        })
        .to('sink', out),
    );

    await driver.advanceWallClock(1);
    await expect(driver.advanceWallClock(20)).rejects.toThrow(/ticking|0_0|forwards only/);
  });

  it('prints what passes, for looking at a topology while it is made', async () => {
    const lines: string[] = [];
    const driver = driving((stream) => stream.print('seen', (line) => lines.push(line)).to('sink', out));
    await driver.input(numbers).pipe('k', 7);

    expect(lines).toEqual(['seen: k, 7']);
    expect(driver.output(out).readValues()).toEqual([7]);
  });

  it('drops records that are the same as an earlier one within a time, in whatever order they come, also after a restart', async () => {
    const driver = driving((stream) =>
      stream
        .deduplicate('once', { by: (value) => (value === 0 ? null : value), id: int64, within: 10, store: 'seen' })
        .to('sink', out),
    );
    const passed = async (value: number, timestampMs: number): Promise<boolean> => {
      await driver.input(numbers).pipe('k', value, { timestampMs });
      return driver.output(out).readValues().length === 1;
    };

    expect(await passed(7, 20)).toBe(true);
    expect(await passed(7, 29)).toBe(false);
    expect(await passed(8, 29)).toBe(true);
    driver.restart();
    expect(await passed(7, 11)).toBe(false);
    expect(await passed(7, 30)).toBe(true);
    expect(await passed(7, 10)).toBe(true);
    expect([await passed(0, 31), await passed(0, 31)]).toEqual([true, true]);
  });

  it('merges two streams, and flat-maps a record to many, in order', async () => {
    const driver = driving((stream, builder) =>
      stream
        .merge('both', builder.stream('more', more))
        .flatMapValues('countdown', (value) => Array.from({ length: value }, (_, index) => value - index))
        .to('sink', out),
    );
    await driver.input(numbers).pipe('k', 2);
    await driver.input(more).pipe('k', 3);

    expect(driver.output(out).readValues()).toEqual([2, 1, 3, 2, 1]);
  });

  it('keeps the order of a flat-map whose handlers answer later', async () => {
    const driver = driving((stream) =>
      stream
        .flatMap('pairs', (value, key) => [[`${key}1`, value] as const, [`${key}2`, value] as const], numbers)
        .process('later', {
          create: () => ({
            process: ({ key, value }, context) => Promise.resolve().then(() => context.forward(key, value)),
          }),
        })
        .to('sink', out),
    );
    await driver.input(numbers).pipe('k', 7);

    expect(
      driver
        .output(out)
        .readRecords()
        .map((each) => each.key),
    ).toEqual(['k1', 'k2']);
  });

  it('forwards an unchanged value as the bytes in which it came', async () => {
    const builder = new TopologyBuilder('bytes');
    const stream = builder.stream('in', numbers);
    const filtered = stream.filter('all', () => true);
    filtered.to('as-it-came', numbers);
    filtered.to('another-serde', out);
    filtered
      .mapValues('same', (value) => value, numbers.value)
      .to('through-user-code', topic('mapped', utf8, numbers.value));
    const harness = new TaskHarness(builder);
    harness.caughtUp('numbers');
    harness.add('numbers', { at: 1, value: null, raw: ' 1.0 ' });
    await harness.task.process(1, 0);

    expect(harness.sent.map((each) => [each.topic, each.value])).toEqual([
      ['numbers', ' 1.0 '],
      ['out', '1'],
      ['mapped', '1'],
    ]);
  });
});

describe('an aggregate with a cache', () => {
  it('emits and logs once per key at the commit: the last value, with the headers of the record that caused it', async () => {
    const builder = new TopologyBuilder('cached');
    builder
      .stream('in', numbers)
      .groupByKey()
      .reduce('sum', { store: 'sums', cache: true, reduce: (sum, value) => sum + value })
      .toStream('changes')
      .to('sink', out);
    const harness = new TaskHarness(builder);
    harness.caughtUp('numbers');
    harness.add('numbers', { at: 1, value: 1 }, { at: 5, value: 2 }, { at: 3, value: 3 });
    await harness.task.process(10, 0);
    expect(harness.sent).toEqual([]);

    await harness.task.prepareCommit();
    expect(harness.sent.map(({ topic: name, key, value, timestampMs }) => [name, key, value, timestampMs])).toEqual([
      ['app-sums-changelog', 'k', '6', 5],
      ['out', 'k', '6', 5],
    ]);
    await harness.task.prepareCommit();
    expect(harness.sent).toHaveLength(2);
  });

  it('logs each key and passes it on in the order in which the keys were first updated', async () => {
    const builder = new TopologyBuilder('cached');
    builder
      .stream('in', numbers)
      .groupByKey()
      .reduce('sum', { store: 'sums', cache: true, reduce: (sum, value) => sum + value })
      .toStream('changes')
      .to('sink', out);
    const harness = new TaskHarness(builder);
    harness.caughtUp('numbers');
    harness.add('numbers', { at: 1, value: 1, key: 'b' }, { at: 2, value: 2, key: 'a' }, { at: 3, value: 3, key: 'b' });
    await harness.task.process(10, 0);

    await harness.task.prepareCommit();
    expect(harness.sent.map(({ topic: name, key, value }) => [name, key, value])).toEqual([
      ['app-sums-changelog', 'b', '4'],
      ['out', 'b', '4'],
      ['app-sums-changelog', 'a', '2'],
      ['out', 'a', '2'],
    ]);
  });

  it('keeps the last headers, whatever becomes of the batch in which they came', async () => {
    const driver = driving((stream) =>
      stream
        .groupByKey()
        .count('count', { store: 'counts', cache: true, value: json<number>() })
        .toStream('changes')
        .to('sink', out),
    );
    for (const trace of ['first', 'last']) {
      await driver.input(numbers).pipe('k', 1, { headers: [{ key: 'trace', value: Buffer.from(trace) }] });
    }

    const traces = driver
      .output(out)
      .readRecords()
      .map(({ headers }) => headers.map((each) => String(each.value)));
    expect(traces).toEqual([['first'], ['last']]);
  });
});

describe('KTable', () => {
  const rows = topic('rows', utf8, json<number>());

  function table(): TopologyTestDriver {
    const builder = new TopologyBuilder('tables');
    const shown = builder
      .table('rows', rows, { store: 'rows' })
      .filter('big', (value) => value > 10)
      .mapValues('negative', (value) => -value, json<number>());
    shown.toStream('changes').to('changed', topic('changed', utf8, json<number>()));
    builder
      .stream('in', numbers)
      .leftJoin('looked-up', shown, { join: (_value, row) => row ?? 0 })
      .to('sink', out);
    return new TopologyTestDriver(builder.build());
  }

  it('shows a row that its filter hides as deleted, in its changes and to joins', async () => {
    const driver = table();
    for (const value of [5, 50, 6, null]) {
      await driver.input(rows).pipe('k', value);
      await driver.input(numbers).pipe('k', 1);
    }

    expect(driver.output(topic('changed', utf8, json<number>())).readValues()).toEqual([-50, null]);
    expect(driver.output(out).readValues()).toEqual([0, -50, 0, 0]);
  });

  it('deletes on a tombstone, also across a restart, and skips a null key', async () => {
    const driver = table();
    await driver.input(rows).pipe('k', 50);
    await driver.input(rows).pipe('k', null);
    await driver.input(rows).pipe(null, 50);
    driver.restart();
    await driver.input(numbers).pipe('k', 1);

    expect(driver.output(out).readValues()).toEqual([0]);
    expect(driver.store('rows').size()).toBe(0);
  });
});

describe('the types of the DSL', () => {
  it('refuse keys and values that do not fit', () => {
    const builder = new TopologyBuilder('types');
    const stream = builder.stream('in', numbers);
    const names = builder.table('names', topic('names', utf8, json<string>()), { store: 'names' });
    // @ts-expect-error the value is a number
    stream.filter('wrong-value', (value) => value.length > 0);
    // @ts-expect-error the topic takes texts
    stream.to('wrong-topic', topic('texts', utf8, json<string>()));
    // @ts-expect-error the stream's key is a text, and by finds a number
    stream.join('wrong-by', names, { by: (value) => value, join: (value) => value });
    // @ts-expect-error a left join may find nothing
    stream.leftJoin('wrong-join', names, { join: (_value, name) => name.length });
    stream
      .groupByKey()
      .windowedBy(tumbling({ size: 1, grace: 0 }))
      .count('c', { store: 'c' })
      .toStream('s')
      // @ts-expect-error the windowed key is not the plain one
      .to('t', out);
    stream
      .groupByKey()
      .windowedBy(tumbling({ size: 1, grace: 0 }))
      .count('d', { store: 'd' })
      .toStream('u')
      .to('v', topic('windowed', windowedKey(utf8, 1), json<number>()));

    expect(builder).toBeDefined();
  });
});
