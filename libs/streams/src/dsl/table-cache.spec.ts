import { describe, expect, it } from '@jest/globals';
import { TopologyBuilder, json, topic, utf8, type KStream, type TableStoreOptions } from '../index.js';
import { TopologyTestDriver } from '../testing/topology-test-driver.js';

const input = topic('input', utf8, json<number[]>());
const other = topic('other', utf8, json<number>());
const changes = topic('changes', utf8, json<number>());
const cached: TableStoreOptions<number> = { store: 'rows', cache: true };

function spread(builder: TopologyBuilder): KStream<string, number> {
  return builder.stream('in', input).flatMapValues('each', (values) => values);
}

describe('a table with a cache', () => {
  it('passes on the last update of a key since the previous commit, of whatever table', async () => {
    const tables = {
      'of a stream': (builder: TopologyBuilder) => spread(builder).toTable('table', cached),
      'of a join': (builder: TopologyBuilder) =>
        spread(builder)
          .toTable('left', { store: 'left' })
          .leftJoin('table', builder.table('right', other, { store: 'right' }), { ...cached, join: (value) => value }),
      'of an aggregate': (builder: TopologyBuilder) =>
        spread(builder)
          .toTable('left', { store: 'left' })
          .groupBy('again', (_value, key) => key, utf8)
          .reduce('table', { ...cached, add: (sum, value) => sum + value, subtract: (sum, value) => sum - value }),
    };
    const seen: Record<string, (number | null)[]> = {};
    for (const [what, make] of Object.entries(tables)) {
      const builder = new TopologyBuilder('cached');
      make(builder).toStream('changed').to('out', changes);
      const driver = new TopologyTestDriver(builder.build());
      await driver.input(input).pipe('k', [1, 2, 3], { timestampMs: 1 });
      seen[what] = driver.output(changes).readValues();
    }
    // The aggregate is behind a repartition topic: the driver commits after each record that comes out of it.
    expect(seen).toEqual({ 'of a stream': [3], 'of a join': [3], 'of an aggregate': [1, 2, 3] });
  });

  it('tells those below what was shown before, and passes over the deletion of what never was', async () => {
    const builder = new TopologyBuilder('cached');
    builder.table('table', other, cached).toStream('changed').to('out', changes);
    const driver = new TopologyTestDriver(builder.build());
    for (const value of [null, 1, null, null]) await driver.input(other).pipe('k', value, { timestampMs: 1 });
    driver.restart();
    await driver.input(other).pipe('k', null, { timestampMs: 2 });
    expect(driver.output(changes).readValues()).toEqual([1, null]);
  });

  it('cannot keep versions too: an older version is no last update', () => {
    const builder = new TopologyBuilder('cached');
    builder.table('table', other, { ...cached, history: '1h' });
    expect(() => builder.build()).toThrow(/'rows' keeps versions, so it cannot be cached: leave out one of them/);
  });
});

describe('a filter of a table', () => {
  it('passes a deletion on only where those below have seen the row', async () => {
    const builder = new TopologyBuilder('filtered');
    const table = builder.table('table', other, { store: 'rows' });
    table
      .filter('large', (value) => value > 5)
      .toStream('changed')
      .to('out', changes);
    const driver = new TopologyTestDriver(builder.build());
    for (const value of [1, null, 9, 2, 3, 8, null]) await driver.input(other).pipe('k', value, { timestampMs: 1 });
    expect(driver.output(changes).readValues()).toEqual([9, null, 8, null]);
  });
});

describe('a repartition topic', () => {
  it('gets no records without a key, which nobody below could find again', async () => {
    const builder = new TopologyBuilder('keyless');
    builder.stream('in', other).repartition('again').to('out', changes);
    const driver = new TopologyTestDriver(builder.build());
    await driver.input(other).pipe(null, 1, { timestampMs: 1 });
    await driver.input(other).pipe('k', 2, { timestampMs: 2 });
    expect(driver.output(changes).readValues()).toEqual([2]);
    expect(driver.counters().droppedNull).toBe(1);
  });

  it('gets them where a left join below gives them out with null (KIP-962)', async () => {
    const builder = new TopologyBuilder('keyless');
    const table = builder.table('rows', changes, { store: 'rows' });
    const results = topic('results', utf8, json<string>());
    builder
      .stream('in', other)
      .repartition('again')
      .leftJoin('joined', table, { join: (left, right) => `${left}-${right}` })
      .to('out', results);
    const driver = new TopologyTestDriver(builder.build());
    await driver.input(other).pipe(null, 1, { timestampMs: 1 });
    expect(driver.output(results).readValues()).toEqual(['1-null']);
  });
});
