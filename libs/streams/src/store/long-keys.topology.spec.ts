import { describe, expect, it } from '@jest/globals';
import {
  DEFAULT_ERROR_POLICY,
  TopologyBuilder,
  hopping,
  json,
  session,
  sliding,
  topic,
  tumbling,
  utf8,
  type KStream,
} from '../index.js';
import { MemoryStoreEngine, TopologyTestDriver } from '../testing/index.js';

const readings = topic('readings', utf8, json<number>());
const names = topic('names', utf8, json<string>());
const LONG = 'k'.repeat(2_000);

type Readings = KStream<string, number>;
type Build = (stream: Readings, builder: TopologyBuilder) => unknown;

const kinds: readonly (readonly [string, Build])[] = [
  ['a count', (stream) => stream.groupByKey().count('count', { store: 's' })],
  ['a cached count', (stream) => stream.groupByKey().count('count', { store: 's', cache: true })],
  [
    'tumbling windows',
    (stream) =>
      stream
        .groupByKey()
        .windowedBy(tumbling({ size: 10, grace: 5 }))
        .count('count', { store: 's' }),
  ],
  [
    'hopping windows',
    (stream) =>
      stream
        .groupByKey()
        .windowedBy(hopping({ size: 10, advance: 5, grace: 0 }))
        .count('count', { store: 's' }),
  ],
  [
    'sliding windows',
    (stream) =>
      stream
        .groupByKey()
        .windowedBy(sliding({ difference: 10, grace: 5 }))
        .count('count', { store: 's' }),
  ],
  [
    'sessions',
    (stream) =>
      stream
        .groupByKey()
        .windowedBy(session({ gap: 10, grace: 5 }))
        .count('count', { store: 's' }),
  ],
  [
    'a join of streams',
    (stream, builder) =>
      stream.leftJoin('pairs', builder.stream('names', names), {
        within: { before: 10, after: 10 },
        grace: 0,
        join: (one, other) => `${one} ${other}`,
      }),
  ],
  [
    'deduplication',
    (stream) => stream.deduplicate('once', { id: utf8, by: (_value, key) => key, within: 10, store: 's' }),
  ],
];

describe('a key that is too long for the storage of', () => {
  it.each(kinds)('%s makes its record a dead letter, and the task goes on', async (_kind, build) => {
    const builder = new TopologyBuilder('long');
    build(builder.stream('readings', readings), builder);
    const driver = new TopologyTestDriver(builder.build(), {
      // It takes keys of 1,000 bytes.
      storeEngines: { default: 'disk', byName: new Map([['disk', new MemoryStoreEngine()]]) },
    });
    const input = driver.input(readings);
    await input.pipe('a', 1, { timestampMs: 1 });
    await input.pipe(LONG, 2, { timestampMs: 2 });
    await input.pipe('a', 3, { timestampMs: 50 });
    driver.restart();
    await input.pipe('b', 4, { timestampMs: 60 });

    expect(driver.deadLetters(readings).map(({ code, key }) => [code, key?.length])).toEqual([
      ['MR_RECORD_TOO_LARGE', 2_000],
    ]);
  });

  it('a table makes its row a dead letter where the policy says so, also after a restart', async () => {
    const builder = new TopologyBuilder('long');
    const table = builder.table('names', names, { store: 'names' });
    builder
      .stream('readings', readings)
      .leftJoin('named', table, { join: (value, name) => `${value} ${name}` })
      .to('out', topic('out', utf8, json<string>()));
    const driver = new TopologyTestDriver(builder.build(), {
      policy: { ...DEFAULT_ERROR_POLICY, onProcessingError: 'dead-letter' },
      storeEngines: { default: 'disk', byName: new Map([['disk', new MemoryStoreEngine()]]) },
    });
    await driver.input(names).pipe(LONG, 'long');
    await driver.input(names).pipe('a', 'name of a');
    driver.restart();
    await driver.input(readings).pipe(LONG, 1);
    await driver.input(readings).pipe('a', 2);

    expect(driver.deadLetters(names).map(({ code }) => code)).toEqual(['MR_RECORD_TOO_LARGE']);
    expect(driver.output(topic('out', utf8, json<string>())).readValues()).toEqual(['1 null', '2 name of a']);
  });
});
