import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  StoreSet,
  TopologyBuilder,
  int64,
  json,
  keyValueStore,
  sessionStore,
  topic,
  tumbling,
  utf8,
  versionedStore,
  windowStore,
  type KeyValueStore,
  type QueryIsolation,
  type SessionKeyValueStore,
  type StoreQuery,
  type SubTopology,
  type Topology,
  type VersionedKeyValueStore,
  type WindowedKeyValueStore,
} from '../index.js';
import { MemoryRun, MemoryTopics } from '../testing/memory-topics.js';
import { MemoryStoreEngine } from '../testing/memory-store-engine.js';

const ALL: StoreQuery = { kind: 'range' };
const serdes = { key: utf8, value: json<number>() };
const stores = [
  keyValueStore('rows', serdes),
  keyValueStore('by-number', { key: int64, value: json<number>() }),
  versionedStore('versions', { ...serdes, history: 20 }),
  windowStore('windows', { ...serdes, size: 10, retention: 100 }),
  sessionStore('sessions', { ...serdes, retention: 100 }),
];

function topologyOf(): { topology: Topology; sub: SubTopology } {
  const t = new TopologyBuilder('queried');
  t.stream('words', topic('words', utf8, utf8))
    .process('keep', { stores, create: () => ({ process: () => undefined }) })
    .groupByKey()
    .windowedBy(tumbling({ size: 10, grace: 100 }))
    .count('count', { store: 'counts' });
  const topology = t.build();
  return { topology, sub: topology.subTopologies[0] as SubTopology };
}

describe.each(['memory', 'engine'])('queries of stores that %s keeps', (kept) => {
  const { topology, sub } = topologyOf();
  let set: StoreSet;

  beforeEach(() => {
    set = newSet();
  });

  function newSet(): StoreSet {
    return new StoreSet(topology, sub, {
      applicationId: 'app',
      partition: 0,
      collector: new MemoryTopics(1),
      storeEngines: { default: kept, byName: new Map([['engine', new MemoryStoreEngine()]]) },
    });
  }

  const rows = (): KeyValueStore<string, number> => set.store('rows') as never;
  const windows = (): WindowedKeyValueStore<string, number> => set.store('windows') as never;
  const sessions = (): SessionKeyValueStore<string, number> => set.store('sessions') as never;
  const versions = (): VersionedKeyValueStore<string, number> => set.store('versions') as never;

  function values(store: string, query: StoreQuery, isolation?: QueryIsolation): unknown[] {
    return set.query(store, query, isolation).map(({ value }) => value);
  }

  function putAll(...keys: readonly string[]): void {
    for (const [nth, key] of keys.entries()) rows().put(key, nth, nth);
    set.commit();
  }

  it('answers the windows and the sessions of a key page by page, also sessions that end together', () => {
    const key = Buffer.from('a');
    for (const startMs of [0, 10, 20]) windows().put('a', startMs, startMs, startMs);
    for (const [startMs, endMs] of [
      [0, 10],
      [5, 10],
      [20, 30],
    ] as const) {
      sessions().put({ key: 'a', startMs, endMs, value: startMs });
    }
    set.commit();
    const times = { key, fromMs: 0, toMs: 50 };

    expect(values('windows', { kind: 'windows', ...times, limit: 2 })).toEqual([0, 10]);
    expect(values('sessions', { kind: 'sessions', ...times, limit: 1 })).toEqual([0]);
    const afterSession = { startMs: 0, endMs: 10 };
    expect(values('sessions', { kind: 'sessions', ...times, afterSession, limit: 1 })).toEqual([5]);
    expect(values('sessions', { kind: 'sessions', ...times, afterSession: { startMs: 5, endMs: 10 } })).toEqual([20]);
  });

  it.each([
    ['versions', { kind: 'as-of', key: Buffer.from('a'), timestampMs: 1.5 }, 'timestampMs: 1.5'],
    ['windows', { kind: 'windows', key: Buffer.from('a'), fromMs: 0, toMs: Infinity }, 'toMs: Infinity'],
    ['windows', { kind: 'all-windows', fromMs: NaN, toMs: 5 }, 'fromMs: NaN'],
    ['sessions', { kind: 'sessions', key: Buffer.from('a'), fromMs: 0.5, toMs: 5 }, 'fromMs: 0.5'],
  ] as const)('refuses a time of %s that is no whole number', (store, query, message) => {
    expect(() => set.query(store, query)).toThrow(`${message} is not a time in whole milliseconds`);
  });

  it('answers a key with its value and timestamp, and a key that is not there with no row', () => {
    rows().put('a', 1, 5);
    set.commit();

    expect(set.query('rows', { kind: 'key', key: Buffer.from('a') })).toEqual([{ key: 'a', value: 1, timestampMs: 5 }]);
    expect(set.query('rows', { kind: 'key', key: Buffer.from('b') })).toEqual([]);
  });

  it('orders ranges by the bytes of the keys, both bounds inclusive, and gives them page by page', () => {
    putAll('b', 'ab', 'a', 'c', '\u{1f600}', '\uffee');
    const keys = (query: StoreQuery): unknown[] => set.query('rows', query).map(({ key }) => key);

    expect(keys(ALL)).toEqual(['a', 'ab', 'b', 'c', '\uffee', '\u{1f600}']);
    expect(keys({ kind: 'range', from: Buffer.from('ab'), to: Buffer.from('c') })).toEqual(['ab', 'b', 'c']);
    expect(keys({ kind: 'range', after: Buffer.from('ab'), limit: 2 })).toEqual(['b', 'c']);
    expect(keys({ kind: 'prefix', prefix: Buffer.from('a') })).toEqual(['a', 'ab']);
    expect(keys({ kind: 'prefix', prefix: Buffer.from('a'), after: Buffer.from('a') })).toEqual(['ab']);
  });

  it('finds the windows of a key, with an index and without, and those of all keys', () => {
    windows().put('b', 10, 1, 11);
    windows().put('a', 10, 2, 12);
    windows().put('a', 30, 3, 31);
    set.commit();
    const ofA: StoreQuery = { kind: 'windows', key: Buffer.from('a'), fromMs: 0, toMs: 30 };

    expect(set.query('windows', ofA)).toEqual([
      { key: 'a', value: 2, timestampMs: 12, startMs: 10, endMs: 20 },
      { key: 'a', value: 3, timestampMs: 31, startMs: 30, endMs: 40 },
    ]);
    expect(values('windows', { ...ofA, fromMs: 11 })).toEqual([3]);
    expect(values('windows', { kind: 'all-windows', fromMs: 0, toMs: 30 })).toEqual([2, 1, 3]);
    const next = { startMs: 10, key: Buffer.from('a') };
    expect(values('windows', { kind: 'all-windows', fromMs: 0, toMs: 30, after: next, limit: 1 })).toEqual([1]);

    const counts = set.store('counts') as unknown as WindowedKeyValueStore<string, number>;
    for (const startMs of [0, 10, 20]) counts.put('a', startMs, startMs, startMs);
    counts.put('b', 10, 99, 10);
    set.commit();
    expect(values('counts', { ...ofA, fromMs: 10 })).toEqual([10, 20]);
  });

  it('finds the sessions of a key that have a part in the time', () => {
    sessions().put({ key: 'a', startMs: 0, endMs: 5, value: 1 });
    sessions().put({ key: 'a', startMs: 10, endMs: 30, value: 2 });
    set.commit();
    const query: StoreQuery = { kind: 'sessions', key: Buffer.from('a'), fromMs: 6, toMs: 10 };

    expect(set.query('sessions', query)).toEqual([{ key: 'a', value: 2, timestampMs: 30, startMs: 10, endMs: 30 }]);
  });

  it('tells what the value of a versioned key was', () => {
    versions().put('a', 1, 0);
    versions().put('a', 2, 10);
    set.commit();
    const asOf = (timestampMs: number): unknown[] =>
      values('versions', { kind: 'as-of', key: Buffer.from('a'), timestampMs });

    expect([asOf(0), asOf(9), asOf(10)]).toEqual([[1], [1], [2]]);
    expect(values('versions', ALL)).toEqual([2]);
  });

  it('shows what is restored as committed', () => {
    const log = new MemoryTopics(1);
    const source = new StoreSet(topology, sub, { applicationId: 'app', partition: 0, collector: log });
    (source.store('rows') as unknown as KeyValueStore<string, number>).put('a', 7, 1);
    set.restore('rows', new MemoryRun(log.log('app-rows-changelog', 0), 0));

    expect(values('rows', ALL)).toEqual([7]);
  });

  it.each<[string, StoreQuery, string]>([
    ['rows', { kind: 'windows', key: Buffer.from('a'), fromMs: 0, toMs: 1 }, 'ask by key, range, prefix'],
    ['windows', ALL, 'ask by windows, all-windows'],
    ['by-number', { kind: 'key', key: Buffer.from('a') }, 'the key is not int64'],
    ['rows', { kind: 'range', limit: 0 }, 'limit: 0'],
  ])('refuses what the store %s cannot answer', (store, query, message) => {
    expect(() => set.query(store, query)).toThrow(expect.objectContaining({ code: 'MR_QUERY_INVALID' }));
    expect(() => set.query(store, query)).toThrow(message);
  });

  it('shows by read_committed what the last commit made, and by read_uncommitted what the next one makes', () => {
    const write = fc.record({ key: fc.constantFrom('a', 'b', 'c'), ms: fc.nat(40), value: fc.option(fc.nat(9)) });
    const apply = ({ key, ms, value }: { key: string; ms: number; value: number | null }): void => {
      const startMs = ms - (ms % 10);
      rows().put(key, value, ms);
      versions().put(key, value, ms);
      windows().put(key, startMs, value, ms);
      const session = { key, startMs, endMs: ms, value: value ?? 0 };
      if (value === null) sessions().remove(session);
      else sessions().put(session);
    };
    const answers = (isolation: QueryIsolation): unknown[] => [
      set.query('rows', ALL, isolation),
      set.query('versions', ALL, isolation),
      set.query('windows', { kind: 'all-windows', fromMs: 0, toMs: 50 }, isolation),
      ...['a', 'b', 'c'].flatMap((name) => {
        const key = Buffer.from(name);
        return [
          set.query('rows', { kind: 'key', key }, isolation),
          set.query('versions', { kind: 'key', key }, isolation),
          set.query('versions', { kind: 'as-of', key, timestampMs: 20 }, isolation),
          set.query('windows', { kind: 'windows', key, fromMs: 0, toMs: 50 }, isolation),
          set.query('sessions', { kind: 'sessions', key, fromMs: 0, toMs: 50 }, isolation),
        ];
      }),
    ];
    const transactions = fc.array(fc.array(write, { maxLength: 8 }), { maxLength: 5 });
    const property = fc.property(transactions, (given) => {
      set = newSet();
      for (const writes of given) {
        const before = answers('read_committed');
        for (const each of writes) apply(each);
        expect(answers('read_committed')).toEqual(before);
        const coming = answers('read_uncommitted');
        set.rollback();
        expect(answers('read_uncommitted')).toEqual(before);
        for (const each of writes) apply(each);
        set.commit();
        expect(answers('read_committed')).toEqual(coming);
      }
    });
    fc.assert(property, { numRuns: 100 });
  });
});
