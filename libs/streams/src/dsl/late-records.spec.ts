import { describe, expect, it } from '@jest/globals';
import {
  TopologyBuilder,
  hopping,
  json,
  session,
  sliding,
  topic,
  tumbling,
  utf8,
  type KStream,
  type KTable,
  type GroupedStream,
} from '../index.js';
import { TopologyTestDriver } from '../testing/index.js';

const readings = topic('readings', utf8, json<number>());
const tooLate = topic('too-late', utf8, json<number>());

type Fold = (
  grouped: GroupedStream<string, number>,
  late: (late: KStream<string, number>) => void,
) => KTable<unknown, number>;

const folds: readonly (readonly [string, Fold])[] = [
  [
    'tumbling',
    (grouped, late) => grouped.windowedBy(tumbling({ size: 10, grace: 5 })).count('count', { store: 'counts', late }),
  ],
  [
    'hopping',
    (grouped, late) =>
      grouped.windowedBy(hopping({ size: 10, advance: 5, grace: 0 })).count('count', { store: 'counts', late }),
  ],
  [
    'sliding',
    (grouped, late) =>
      grouped.windowedBy(sliding({ difference: 10, grace: 5 })).count('count', { store: 'counts', late }),
  ],
  [
    'session',
    (grouped, late) =>
      grouped.windowedBy(session({ gap: 10, grace: 5 })).count('count', { store: 'counts', emit: 'close', late }),
  ],
];

describe('records that come too late for their windows', () => {
  it.each(folds)('are a stream of their own, and counted: %s', async (_windows, fold) => {
    const builder = new TopologyBuilder('late');
    const grouped = builder.stream('readings', readings).groupByKey();
    fold(grouped, (late) => late.to('too-late-out', tooLate));
    const driver = new TopologyTestDriver(builder.build());
    const input = driver.input(readings);
    await input.pipe('a', 1, { timestampMs: 0 });
    await input.pipe('a', 2, { timestampMs: 100 });
    await input.pipe('b', 3, { timestampMs: 7, headers: [{ key: 'trace', value: Buffer.from('t') }] });

    expect(driver.output(tooLate).readRecords()).toEqual([
      { key: 'b', value: 3, timestampMs: 7, headers: [{ key: 'trace', value: Buffer.from('t') }] },
    ]);
    expect(driver.counters().droppedLate).toBe(1);
  });

  it('do not reach those who read the table', async () => {
    const builder = new TopologyBuilder('late');
    const changes: unknown[] = [];
    builder
      .stream('readings', readings)
      .groupByKey()
      .windowedBy(tumbling({ size: 10, grace: 0 }))
      .count('count', { store: 'counts', late: (late) => late.to('too-late-out', tooLate) })
      .toStream('changes')
      .foreach('look', (value) => changes.push(value));
    const driver = new TopologyTestDriver(builder.build());
    await driver.input(readings).pipe('a', 1, { timestampMs: 50 });
    await driver.input(readings).pipe('a', 1, { timestampMs: 0 });

    expect(changes).toEqual([1]);
  });
});
