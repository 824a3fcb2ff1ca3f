import { describe, expect, it } from '@jest/globals';
import {
  CHANGE_RULES,
  TopologyBuilder,
  changeText,
  classOf,
  compareTopologies,
  describeTopology,
  hopping,
  int64,
  json,
  keyValueStore,
  session,
  sliding,
  topic,
  tumbling,
  utf8,
  withErrorPolicy,
  type ChangeClass,
  type ChangeRule,
  type ErrorPolicy,
  type KStream,
  type SessionWindows,
  type SlidingWindows,
  type TimeWindows,
} from '../../index.js';

const orders = topic('orders', utf8, json<string>());
const returns = topic('returns', utf8, json<string>());
const people = topic('people', utf8, json<string>());
const totals = topic('totals', utf8, int64);

type Define = (t: TopologyBuilder) => void;
type Version = Define | { readonly define: Define; readonly policy: Partial<ErrorPolicy> };

const read = (t: TopologyBuilder): KStream<string, string> => t.stream('orders', orders);
const byValue = (stream: KStream<string, string>, name: string) => stream.groupBy(name, (value) => value, utf8);

function compare(before: Version | readonly Version[], after: Version | readonly Version[]) {
  const describe = (versions: Version | readonly Version[]) =>
    [versions].flat().map((version, nth) => {
      const { define, policy } = typeof version === 'function' ? { define: version, policy: {} } : version;
      const builder = new TopologyBuilder(`shop${nth === 0 ? '' : nth}`);
      define(builder);
      return describeTopology(withErrorPolicy(builder.build(), policy));
    });
  return compareTopologies(describe(before), describe(after));
}

const count: Define = (t) => void read(t).groupByKey().count('count', { store: 'counts' });
const windowed =
  (windows: TimeWindows | SlidingWindows | SessionWindows, options: object = {}, name = 'count'): Define =>
  (t) =>
    void byValue(read(t), 'by-value')
      .windowedBy(windows as never)
      .count(name, { store: 'counts', ...options });
const hourly = tumbling({ size: '1h', grace: '1m' });
const kept =
  (options: object): Define =>
  (t) => {
    const store = keyValueStore('seen', { key: utf8, value: utf8, ...options });
    read(t).process('see', { stores: [store], create: () => ({ process: () => undefined }) });
  };

/** What is said of one change: rule, class and place; the others that come with it are left out. */
const CASES: readonly (readonly [
  string,
  Version | readonly Version[],
  Version | readonly Version[],
  ChangeRule,
  ChangeClass,
  string,
])[] = [
  [
    'an operator without state is added',
    count,
    (t) =>
      void read(t)
        .filter('some', () => true)
        .groupByKey()
        .count('count', { store: 'counts' }),
    'operator-added',
    'compatible',
    'operator some',
  ],
  [
    'an operator without state is removed',
    (t) =>
      read(t)
        .filter('some', () => true)
        .to('out', orders),
    (t) => read(t).to('out', orders),
    'operator-removed',
    'compatible',
    'operator some',
  ],
  [
    'a grace gets longer',
    windowed(tumbling({ size: '1h', grace: '1m' })),
    windowed(tumbling({ size: '1h', grace: '2m' })),
    'operator-changed',
    'compatible',
    'operator count',
  ],
  [
    'a store is added',
    (t) => void read(t).peek('look', () => undefined),
    count,
    'store-added',
    'compatible',
    'store counts',
  ],
  [
    'a store is renamed',
    count,
    (t) => void read(t).groupByKey().count('count', { store: 'other' }),
    'store-removed',
    'needs-migration',
    'store counts',
  ],
  [
    'a table is not read any more',
    (t) => {
      read(t).to('out', orders);
      t.table('people', people, { store: 'people' });
    },
    (t) => read(t).to('out', orders),
    'store-removed',
    'compatible',
    'store people',
  ],
  [
    'a store gets another kind',
    windowed(hourly),
    (t) => void byValue(read(t), 'by-value').count('count', { store: 'counts' }),
    'store-kind-changed',
    'needs-reset',
    'store counts',
  ],
  [
    'a table begins to keep versions',
    (t) => void t.table('people', people, { store: 'people' }),
    (t) => void t.table('people', people, { store: 'people', history: '1h' }),
    'store-kind-changed',
    'needs-reset',
    'store people',
  ],
  [
    'keys are written in another way',
    kept({ key: utf8 }),
    kept({ key: int64 }),
    'store-key-changed',
    'needs-reset',
    'store seen',
  ],
  [
    'values are written in another way',
    count,
    (t) => void read(t).groupByKey().count('count', { store: 'counts', value: json<number>() }),
    'store-value-changed',
    'needs-reset',
    'store counts',
  ],
  [
    'windows get longer',
    windowed(hourly),
    windowed(tumbling({ size: '2h', grace: '1m' })),
    'store-windows-changed',
    'needs-reset',
    'store counts',
  ],
  [
    'windows of one size advance by less',
    windowed(hourly),
    windowed(hopping({ size: '1h', advance: '30m', grace: '1m' })),
    'store-windows-changed',
    'needs-reset',
    'store counts',
  ],
  [
    'tumbling windows become sliding ones',
    windowed(hourly),
    windowed(sliding({ difference: '1h', grace: '1m' })),
    'store-windows-changed',
    'needs-reset',
    'store counts',
  ],
  [
    'the gap of sessions changes, and the grace makes up for it',
    windowed(session({ gap: '1h', grace: '2h' })),
    windowed(session({ gap: '2h', grace: '1h' })),
    'store-windows-changed',
    'needs-reset',
    'store counts',
  ],
  [
    'rows are kept for less long',
    windowed(hourly, { retention: '1d' }),
    windowed(hourly, { retention: '2h' }),
    'store-retention-shortened',
    'needs-reset',
    'store counts',
  ],
  [
    'rows are kept for longer',
    windowed(hourly),
    windowed(hourly, { retention: '1d' }),
    'store-retention-lengthened',
    'compatible',
    'store counts',
  ],
  [
    'a history ends where there was none',
    kept({}),
    (t) => {
      const store = keyValueStore('seen', { key: utf8, value: utf8 });
      read(t).process('see', {
        stores: [{ ...store, spec: { ...store.spec, retentionMs: 1 } }],
        create: () => ({ process: () => undefined }),
      });
    },
    'store-retention-shortened',
    'needs-reset',
    'store seen',
  ],
  [
    'a changelog is given up',
    count,
    (t) => void read(t).groupByKey().count('count', { store: 'counts', logging: false }),
    'store-changelog-removed',
    'needs-migration',
    'store counts',
  ],
  [
    'a store gets a changelog',
    (t) => void read(t).groupByKey().count('count', { store: 'counts', logging: false }),
    count,
    'store-changelog-added',
    'needs-migration',
    'store counts',
  ],
  [
    'a table is read from another topic',
    (t) => void t.table('people', people, { store: 'people' }),
    (t) => void t.table('people', topic('people2', utf8, json<string>()), { store: 'people' }),
    'store-source-changed',
    'needs-reset',
    'store people',
  ],
  [
    'a table is made of a stream',
    (t) => void t.table('people', people, { store: 'people' }),
    (t) => void t.stream('people', people).toTable('table', { store: 'people' }),
    'store-source-changed',
    'needs-reset',
    'store people',
  ],
  [
    'what is counted is rekeyed first',
    count,
    (t) => void byValue(read(t), 'by-value').count('count', { store: 'counts' }),
    'store-partitioning-changed',
    'needs-reset',
    'store counts',
  ],
  [
    'what is counted comes from a topic of another name',
    count,
    (t) =>
      void t
        .stream('orders', topic('orders2', utf8, json<string>()))
        .groupByKey()
        .count('count', { store: 'counts' }),
    'store-input-renamed',
    'needs-migration',
    'store counts',
  ],
  [
    'what is counted goes through a repartition of another name',
    (t) => void byValue(read(t), 'by-value').count('count', { store: 'counts' }),
    (t) => void byValue(read(t), 'by-text').count('count', { store: 'counts' }),
    'store-input-renamed',
    'needs-migration',
    'store counts',
  ],
  [
    'an operator with a stream time is renamed',
    windowed(hourly),
    windowed(hourly, {}, 'per-hour'),
    'store-operator-renamed',
    'needs-migration',
    'store counts',
  ],
  [
    'a part is declared before another one',
    (t) => {
      count(t);
      t.stream('returns', returns).to('out', orders);
    },
    (t) => {
      t.stream('returns', returns).to('out', orders);
      count(t);
    },
    'store-moved',
    'compatible',
    'store counts',
  ],
  [
    'a part whose store has no changelog is declared before another one',
    (t) => {
      kept({ logging: false })(t);
      t.stream('returns', returns).to('out', orders);
    },
    (t) => {
      t.stream('returns', returns).to('out', orders);
      kept({ logging: false })(t);
    },
    'store-moved',
    'needs-migration',
    'store seen',
  ],
  [
    'tasks get other numbers',
    (t) => {
      read(t).to('a', totals as never);
      t.stream('returns', returns).to('b', orders);
    },
    (t) => {
      t.stream('returns', returns).to('b', orders);
      read(t).to('a', totals as never);
    },
    'tasks-renumbered',
    'compatible',
    'topic orders',
  ],
  [
    'a topic is read beside others',
    count,
    (t) => {
      count(t);
      t.stream('returns', returns).to('out', orders);
    },
    'source-added',
    'compatible',
    'topic returns',
  ],
  [
    'a topic is merged into what is counted',
    count,
    (t) => void read(t).merge('both', t.stream('returns', returns)).groupByKey().count('count', { store: 'counts' }),
    'source-added',
    'compatible',
    'topic returns',
  ],
  [
    'topics must be partitioned alike',
    count,
    (t) => void read(t).merge('both', t.stream('returns', returns)).groupByKey().count('count', { store: 'counts' }),
    'co-partitioning-changed',
    'compatible',
    'topics orders, returns',
  ],
  [
    'a topic is read into a store that another one feeds',
    kept({}),
    (t) => {
      const store = keyValueStore('seen', { key: utf8, value: utf8 });
      const create = () => ({ process: () => undefined });
      read(t).process('see', { stores: [store], create });
      t.stream('returns', returns).process('see-too', { stores: [store], create });
    },
    'source-added-to-state',
    'needs-migration',
    'topic returns',
  ],
  [
    'a topic is not read any more',
    (t) => {
      count(t);
      t.stream('returns', returns).to('out', orders);
    },
    count,
    'source-removed',
    'compatible',
    'topic returns',
  ],
  [
    'a stream is read as a table',
    (t) => t.stream('people', people).to('out', orders),
    (t) => t.table('people', people, { store: 'people' }).toStream('changes').to('out', orders),
    'source-kind-changed',
    'compatible',
    'topic people',
  ],
  [
    'a topic is read by another serde',
    (t) => read(t).to('out', orders),
    (t) => t.stream('orders', topic('orders', utf8, utf8)).to('out', topic('out', utf8, utf8)),
    'source-serde-changed',
    'needs-migration',
    'topic orders',
  ],
  [
    'a repartition is added',
    (t) => read(t).to('out', orders),
    (t) => read(t).repartition('spread').to('out', orders),
    'repartition-added',
    'compatible',
    'topic <applicationId>-spread-repartition',
  ],
  [
    'a repartition is removed',
    (t) => read(t).repartition('spread').to('out', orders),
    (t) => read(t).to('out', orders),
    'repartition-removed',
    'needs-migration',
    'topic <applicationId>-spread-repartition',
  ],
  [
    'a repartition is written by another serde',
    (t) => read(t).repartition('spread').to('out', orders),
    (t) => read(t).repartition('spread', { value: utf8 }).to('out', orders),
    'repartition-serde-changed',
    'needs-migration',
    'topic <applicationId>-spread-repartition',
  ],
  [
    'records are tried again later',
    count,
    { define: count, policy: { retryTopic: { delays: ['1m'] } } },
    'retry-topic-added',
    'compatible',
    'topic <applicationId>-orders-retry-1',
  ],
  [
    'records are tried again less often',
    { define: count, policy: { retryTopic: { delays: ['1m', '2m'] } } },
    { define: count, policy: { retryTopic: { delays: ['1m'] } } },
    'retry-topic-removed',
    'needs-migration',
    'topic <applicationId>-orders-retry-2',
  ],
  [
    'records are tried again sooner',
    { define: count, policy: { retryTopic: { delays: ['1m'] } } },
    { define: count, policy: { retryTopic: { delays: ['1s'] } } },
    'retry-delay-changed',
    'compatible',
    'topic <applicationId>-orders-retry-1',
  ],
  [
    'records that wait need not keep their order',
    { define: count, policy: { retryTopic: { delays: ['1m'], order: 'per-key' } } },
    { define: count, policy: { retryTopic: { delays: ['1m'] } } },
    'store-removed',
    'needs-migration',
    'store orders-waiting-keys',
  ],
  [
    'a policy never goes on after a failure of a table',
    {
      define: (t) => void t.table('people', people, { store: 'people' }),
      policy: { onProcessingError: 'dead-letter' },
    },
    (t) => void t.table('people', people, { store: 'people' }),
    'store-removed',
    'needs-migration',
    'store people-exceptions',
  ],
  [
    'another topic is written',
    (t) => read(t).to('out', orders),
    (t) => read(t).to('out', returns),
    'sink-changed',
    'compatible',
    'sink out',
  ],
  [
    'a global table is read',
    count,
    (t) => {
      count(t);
      t.globalTable('people', people, { store: 'people' });
    },
    'global-table-changed',
    'compatible',
    'global table people',
  ],
  [
    'idle advance is asked for',
    count,
    (t) => {
      count(t);
      t.idleAdvance('idle', { after: '1s' });
    },
    'idle-advance-changed',
    'compatible',
    'topology shop',
  ],
  [
    'a topology is added',
    count,
    [count, (t) => t.stream('returns', returns).to('out', orders)],
    'topology-added',
    'compatible',
    'topology shop1',
  ],
  [
    'a topology with a store is removed',
    [(t) => t.stream('returns', returns).to('out', orders), count],
    (t) => t.stream('returns', returns).to('out', orders),
    'store-removed',
    'needs-migration',
    'store counts',
  ],
  [
    'a topology is removed',
    [(t) => t.stream('returns', returns).to('out', orders), count],
    (t) => t.stream('returns', returns).to('out', orders),
    'topology-removed',
    'compatible',
    'topology shop1',
  ],
];

describe('compareTopologies', () => {
  it.each(CASES)('says of each change what it asks for, when %s', (_what, before, after, rule, kind, place) => {
    const found = compare(before, after).filter((change) => change.rule === rule && change.place === place);

    expect(found.map((change) => change.class)).toEqual([kind]);
    expect(found.every(({ remedy }) => (remedy === undefined) === (kind === 'compatible'))).toBe(true);
  });

  it('has a case for every rule', () => {
    const told = new Set<string>(CASES.map(([, , , rule]) => rule));

    expect(CHANGE_RULES.filter((rule) => !told.has(rule))).toEqual(['store-returned']);
  });

  it('says that a new store is none where its changelog is there already', () => {
    const [added] = compare((t) => read(t).to('out', orders), count);

    expect(added).toMatchObject({ class: 'compatible', rule: 'store-added' });
    expect(added?.otherwise).toMatchObject({
      class: 'needs-reset',
      rule: 'store-returned',
      unless: { topics: ['<applicationId>-counts-changelog'], are: 'empty' },
    });
  });

  it('finds nothing between a topology and itself, nor in what only tunes it', () => {
    const tuned: Define = (t) => {
      read(t).groupByKey().count('count', { store: 'counts', engine: 'lmdb' });
      t.idleAdvance('idle', { after: '1h' });
    };
    const before: Define = (t) => {
      count(t);
      t.idleAdvance('idle', { after: '1s' });
    };

    expect(compare(before, tuned)).toEqual([]);
  });

  it('sees nothing lost when a store moves to another topology of the application', () => {
    const returned: Define = (t) => t.stream('returns', returns).to('out', orders);
    const changes = compare([returned, count], (t) => {
      returned(t);
      count(t);
    });

    expect(classOf(changes)).toBe('compatible');
    expect(changes.map(({ rule }) => rule)).toContain('store-moved');
  });

  it('tells those first that ask for most, each with its place and remedy', () => {
    const changes = compare(windowed(hourly), (t) => {
      windowed(tumbling({ size: '2h', grace: '1m' }))(t);
      t.globalTable('people', people, { store: 'people' });
    });

    expect(changes.map((change) => change.class)).toEqual(['needs-reset', 'compatible', 'compatible', 'compatible']);
    expect(changeText(changes[0]!)).toMatch(
      /^needs-reset: store counts: its windows are 'tumbling 7200000 ms', were 'tumbling 3600000 ms'; .*Give the store a new name/,
    );
  });

  it('says what in the cluster makes a change harmless', () => {
    const [removed] = compare(
      (t) => read(t).repartition('spread').to('out', orders),
      (t) => read(t).to('out', orders),
    );
    const [renamed] = compare(count, (t) => read(t).to('out', orders));

    expect(removed?.unless).toEqual({ topics: ['<applicationId>-spread-repartition'], are: 'drained' });
    expect(renamed?.unless).toEqual({ topics: ['<applicationId>-counts-changelog'], are: 'empty' });
  });
});
