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
  type GroupedStream,
  type KStream,
  type KTable,
} from '../index.js';
import { TopologyTestDriver } from '../testing/topology-test-driver.js';

const input = topic('input', utf8, json<number>());
const other = topic('other', utf8, json<number>());
const results = topic('results', utf8, json<unknown>());
const value = json<number>();
const close = { store: 'counts', value, emit: 'close' } as const;
const update = { store: 'counts', value } as const;

const asStream = (table: KTable<{ readonly key: string }, number>): KStream<string, unknown> =>
  table.toStream('changes').map('flat', (count, { key }) => [key, count], { key: utf8, value: json<unknown>() });

const grouped = (stream: KStream<string, number>): GroupedStream<string, number> => stream.groupByKey();
const within = { before: 10, after: 10 };

type Sent = KStream<string, unknown> | KStream<string, number> | KStream<string, number | null>;

/** What waits for stream time to move on: each emits one result of the one record. */
const waiting: Record<string, (stream: KStream<string, number>, builder: TopologyBuilder) => Sent> = {
  'a tumbling window that is emitted on close': (stream) =>
    asStream(
      grouped(stream)
        .windowedBy(tumbling({ size: 10, grace: 5 }))
        .count('count', close),
    ),
  'a hopping window that is emitted on close': (stream) =>
    asStream(
      grouped(stream)
        .windowedBy(hopping({ size: 10, advance: 10, grace: 5 }))
        .count('count', close),
    ),
  'a sliding window that is emitted on close': (stream) =>
    asStream(
      grouped(stream)
        .windowedBy(sliding({ difference: 10, grace: 5 }))
        .count('count', close),
    ),
  'a session that is emitted on close': (stream) =>
    asStream(
      grouped(stream)
        .windowedBy(session({ gap: 10, grace: 5 }))
        .count('count', close),
    ),
  'a cogrouped window that is emitted on close': (stream) =>
    asStream(
      grouped(stream)
        .cogroup((count: number) => count + 1)
        .windowedBy(tumbling({ size: 10, grace: 5 }))
        .aggregate('count', { ...close, initialize: () => 0 }),
    ),
  'an early result': (stream) =>
    asStream(
      grouped(stream)
        .windowedBy(tumbling({ size: 10, grace: 5 }))
        .count('count', { ...update, emit: { everyStreamTime: '1h' } }),
    ),
  'an update that is suppressed until its window closes': (stream) =>
    asStream(
      grouped(stream)
        .windowedBy(tumbling({ size: 10, grace: 5 }))
        .count('count', update)
        .suppress('held', { until: 'window-closes', store: 'held' }),
    ),
  'an update that is suppressed for a time': (stream) =>
    stream
      .toTable('table', { store: 'rows' })
      .suppress('held', { until: { after: 50 }, store: 'held' })
      .toStream('changes'),
  'a record without a match of a left join': (stream, builder) =>
    stream.leftJoin('joined', builder.stream('others', other), { within, grace: 5, join: (left) => left }),
  'a record without a match of an outer join': (stream, builder) =>
    stream.outerJoin('joined', builder.stream('others', other), { within, grace: 5, join: (left) => left }),
  'a record that waits for a versioned table': (stream, builder) =>
    stream.leftJoin('joined', builder.table('rows', other, { store: 'rows', history: '1h' }), {
      grace: 20,
      join: (left) => left,
    }),
};

function driverOf(make: (typeof waiting)[string]): TopologyTestDriver {
  const builder = new TopologyBuilder('idle');
  builder.idleAdvance('idle', { after: '1s' });
  (make(builder.stream('in', input), builder) as KStream<string, unknown>).to('out', results);
  return new TopologyTestDriver(builder.build());
}

describe('an idle advance of stream time', () => {
  it.each(Object.entries(waiting))('emits %s, once', async (_what, make) => {
    const driver = driverOf(make);
    await driver.input(input).pipe('k', 1, { timestampMs: 100 });
    expect(driver.output(results).readValues()).toEqual([]);
    await driver.becomeIdle();
    expect(driver.output(results).readValues()).toEqual([1]);
    await driver.becomeIdle();
    driver.restart();
    await driver.becomeIdle();
    expect(driver.output(results).readValues()).toEqual([]);
  });

  it('is not forgotten by a restart, also where no record came after one: what was late stays late', async () => {
    const driver = driverOf(waiting['a tumbling window that is emitted on close'] as (typeof waiting)[string]);
    await driver.input(input).pipe('k', 1, { timestampMs: 100 });
    driver.restart();
    await driver.becomeIdle();
    expect(driver.output(results).readValues()).toEqual([1]);
    driver.restart();
    await driver.input(input).pipe('k', 1, { timestampMs: 101 });
    expect(driver.counters().droppedLate).toBe(1);
    await driver.becomeIdle();
    expect(driver.output(results).readValues()).toEqual([]);
  });

  it('goes on until what one operator emits has closed the windows of those below it', async () => {
    const driver = driverOf((stream, builder) =>
      asStream(
        stream
          .leftJoin('joined', builder.stream('others', other), { within, grace: 5, join: (left) => left })
          .groupByKey()
          .windowedBy(tumbling({ size: 1_000, grace: 0 }))
          .count('count', close),
      ),
    );
    await driver.input(input).pipe('k', 1, { timestampMs: 100 });
    await driver.becomeIdle();
    expect(driver.output(results).readValues()).toEqual([1]);
  });

  it('closes sessions for good: a record near one that has been emitted begins another', async () => {
    const driver = driverOf(waiting['a session that is emitted on close'] as (typeof waiting)[string]);
    await driver.input(input).pipe('k', 1, { timestampMs: 100 });
    await driver.becomeIdle();
    await driver.input(input).pipe('k', 1, { timestampMs: 105 });
    await driver.becomeIdle();
    expect(driver.output(results).readValues()).toEqual([1, 1]);
  });
});
