import { describe, expect, it } from '@jest/globals';
import { TopologyBuilder, json, topic, tumbling, utf8 } from '../index.js';
import { TopologyTestDriver } from '../testing/topology-test-driver.js';

const input = topic('in', utf8, json<string>());
const rows = topic('rows', utf8, json<string>());
const output = topic('out', utf8, json<string>());

/** Pipes a null value, then one that is there, and tells what came out, what was dropped and what handlers saw. */
async function piped(
  build: (builder: TopologyBuilder, see: (value: unknown) => void) => void,
): Promise<{ readonly values: unknown[]; readonly seen: unknown[]; readonly droppedNull: number }> {
  const seen: unknown[] = [];
  const builder = new TopologyBuilder('nulls');
  build(builder, (value) => void seen.push(value));
  const driver = new TopologyTestDriver(builder.build());
  await driver.input(input).pipe('k', null, { timestampMs: 1 });
  await driver.input(input).pipe('k', 'x', { timestampMs: 2 });
  return { values: driver.output(output).readValues(), seen, droppedNull: driver.counters().droppedNull };
}

describe('a null value', () => {
  it('is given to the handlers of a stream, and passed on', async () => {
    const { values, seen, droppedNull } = await piped((builder, see) => {
      builder
        .stream('ins', input)
        .filter('all', (value) => (see(value), true))
        .mapValues('same', (value) => (see(value), value))
        .peek('look', see)
        .to('outs', output);
    });

    expect(values).toEqual([null, 'x']);
    expect(seen).toEqual([null, null, null, 'x', 'x', 'x']);
    expect(droppedNull).toBe(0);
  });

  it('is given to a processor', async () => {
    const { seen } = await piped((builder, see) => {
      builder.stream('ins', input).process('look', { create: () => ({ process: ({ value }) => see(value) }) });
    });

    expect(seen).toEqual([null, 'x']);
  });

  it('is dropped and counted before it reaches a fold', async () => {
    const { seen, droppedNull } = await piped((builder, see) => {
      const add = (sum: number, value: string): number => (see(value), sum + 1);
      builder
        .stream('ins', input)
        .groupByKey()
        .aggregate('sum', { store: 'sums', initialize: () => 0, add });
    });

    expect(seen).toEqual(['x']);
    expect(droppedNull).toBe(1);
  });

  it('is given to a fold within windows', async () => {
    const { seen, droppedNull } = await piped((builder, see) => {
      const add = (sum: number, value: string): number => (see(value), sum + 1);
      const windows = tumbling({ size: 10, grace: 0 });
      const grouped = builder.stream('ins', input).groupByKey();
      grouped.windowedBy(windows).aggregate('sum', { store: 'sums', initialize: () => 0, add });
    });

    expect(seen).toEqual([null, 'x']);
    expect(droppedNull).toBe(0);
  });

  it('is dropped and counted on the side of a stream that is joined with a table', async () => {
    const { values, droppedNull } = await piped((builder) => {
      const table = builder.table('rows', rows, { store: 'rows' });
      builder
        .stream('ins', input)
        .leftJoin('with-row', table, { join: (value, row) => `${value}-${row}` })
        .to('outs', output);
    });

    expect(values).toEqual(['x-null']);
    expect(droppedNull).toBe(1);
  });

  it('of a table is a deletion, which reaches no handler', async () => {
    const { values, seen } = await piped((builder, see) => {
      builder
        .table('ins', input, { store: 'ins' })
        .filter('all', (value) => (see(value), true))
        .mapValues('same', (value) => (see(value), value))
        .toStream('changes')
        .to('outs', output);
    });

    expect(seen).toEqual(['x', 'x']);
    expect(values.at(-1)).toBe('x');
  });
});
