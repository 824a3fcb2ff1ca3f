import { describe, expect, it } from '@jest/globals';
import { TopologyBuilder, json, topic, tumbling, utf8 } from '../index.js';
import { TopologyTestDriver } from '../testing/topology-test-driver.js';

const input = topic('input', utf8, json<number>());
const rows = topic('rows', utf8, json<number>());
const output = topic('output', utf8, json<number>());

describe('a record with a time before 1970', () => {
  it('is a dead letter, and counts in no window', async () => {
    const builder = new TopologyBuilder('times');
    builder
      .stream('in', input)
      .groupByKey()
      .windowedBy(tumbling({ size: 10, grace: 0 }))
      .count('count', { store: 'counts', value: json<number>() })
      .toStream('changes')
      .rekey('key', (_count, { key }) => key, utf8)
      .to('out', output);
    const driver = new TopologyTestDriver(builder.build());
    for (const timestampMs of [-1, -5_000, 0]) await driver.input(input).pipe('k', 1, { timestampMs });
    expect(driver.output(output).readValues()).toEqual([1]);
    expect(driver.deadLetters(input)).toHaveLength(2);
    expect(driver.counters()).toMatchObject({ deadLettered: 2, droppedLate: 0 });
  });

  it('changes no table, also when the table is restored from its topic', async () => {
    const builder = new TopologyBuilder('times');
    builder.table('table', rows, { store: 'table' }).toStream('changes').to('out', output);
    const driver = new TopologyTestDriver(builder.build());
    await driver.input(rows).pipe('k', 1, { timestampMs: 5 });
    await driver.input(rows).pipe('k', 2, { timestampMs: -5 });
    driver.restart();
    expect([...driver.store<string, number>('table').entries()].map(([, { value }]) => value)).toEqual([1]);
    expect(driver.deadLetters(rows)).toHaveLength(1);
  });
});
