import { SeededRandom, nextInt } from '@millrace/kernel';
import type { ByteChange, ByteRow, StoragePlace, StoreEngine, TaskStorage } from '../../store/engine/store-engine.js';
import { expectFailure, expectSame, type StoreEngineCase } from './expectation.js';

const PLACE: StoragePlace = { applicationId: 'contract', thread: 0, topology: 'bytes', taskId: '0_0' };

/** What an engine must do with rows, before any store stands on it. */
export const byteCases: readonly StoreEngineCase[] = [
  { title: 'keeps rows in the order of their bytes, under any sequence of writes and reopenings', check: ordersRows },
  { title: 'keeps keys as long as it says that it takes, in order', check: keepsLongKeys },
  { title: 'keeps changes and positions together, and a position that is not given as it was', check: keepsPositions },
  { title: 'keeps stores, tasks, topologies, threads and applications apart', check: keepsApart },
  { title: 'refuses the writes of an owner after another has opened the task', check: fences },
  { title: 'forgets rows and position of a store that is wiped, and of no other', check: wipes },
];

function ordersRows(engine: StoreEngine): void {
  const random = new SeededRandom(7);
  const below = (count: number): number => nextInt(random, count);
  const model = new Map<string, string>();
  let storage = engine.open(PLACE);
  for (let round = 0; round < 60; round++) {
    const changes = new Map<string, ByteChange>();
    for (let nth = below(20); nth > 0; nth--) {
      const key = Buffer.from(Array.from({ length: 1 + below(4) }, () => [0, 1, 127, 128, 255][below(5)] as number));
      const value = below(3) === 0 ? null : Buffer.from(`v${round}-${nth}`);
      changes.set(key.toString('latin1'), { key, value });
    }
    const sorted = [...changes.keys()].sort();
    const inOrder = sorted.map((text) => changes.get(text) as ByteChange);
    storage.write([{ store: 'rows', changes: inOrder, position: round }]);
    for (const { key, value } of inOrder) {
      if (value === null) model.delete(key.toString('latin1'));
      else model.set(key.toString('latin1'), value.toString());
    }
    if (below(5) === 0) {
      storage.close();
      storage = engine.open(PLACE);
    }
    checkRows(storage, model, below);
  }
  storage.close();
}

function checkRows(storage: TaskStorage, model: ReadonlyMap<string, string>, below: (count: number) => number): void {
  const store = storage.store('rows');
  expectSame('the number of rows', store.count(), model.size);
  for (const [text, value] of model) {
    expectSame('a value', store.get(Buffer.from(text, 'latin1'))?.toString(), value);
  }
  expectSame('the value of a key that is not there', store.get(Buffer.from('nothing'))?.toString(), undefined);
  const [from, to] = [below(256), below(257)].sort((one, other) => one - other) as [number, number];
  const end = to === 256 ? Buffer.alloc(9, 255) : Buffer.from([to]);
  const limit = 1 + below(20);
  const within = [...model.keys()].sort().filter((text) => text >= latin1(Buffer.from([from])) && text < latin1(end));
  for (const isReverse of [false, true]) {
    const expected = (isReverse ? within.toReversed() : within).slice(0, limit);
    const rows = store.scan({ from: Buffer.from([from]), to: end, limit, isReverse });
    const what = `rows from ${from} to ${to}${isReverse ? ', reversed' : ''}`;
    expectSame(what, rows.map(shown), expected.map((text) => [text, model.get(text)])); // prettier-ignore
  }
}

function keepsLongKeys(engine: StoreEngine): void {
  const storage = engine.open(PLACE);
  const store = storage.store('rows');
  const longest = Buffer.alloc(Math.min(store.maxKeyBytes, 20_000), 'k');
  const shorter = longest.subarray(0, -1);
  const keys = [Buffer.from('j'), shorter, longest, Buffer.from('l')];
  storage.write([
    { store: 'rows', changes: keys.map((key, nth) => ({ key, value: Buffer.from([nth]) })), position: 1 },
  ]);
  const scan = { from: Buffer.from('a'), to: Buffer.from('z'), limit: 10 };
  const lengths = [1, shorter.length, longest.length, 1];
  const lengthsOf = (rows: readonly ByteRow[]): number[] => rows.map(({ key }) => key.length);
  expectSame('rows', lengthsOf(store.scan({ ...scan, isReverse: false })), lengths);
  expectSame('rows, reversed', lengthsOf(store.scan({ ...scan, isReverse: true })), lengths.toReversed());
  expectSame(
    'rows up to the longest',
    lengthsOf(store.scan({ ...scan, to: longest, isReverse: false })),
    lengths.slice(0, 2),
  );
  expectSame('the longest', store.get(longest)?.[0], 2);
  storage.write([{ store: 'rows', changes: [{ key: longest, value: null }], position: 2 }]);
  expectSame('the number of rows', store.count(), 3);
  storage.close();
}

function keepsPositions(engine: StoreEngine): void {
  const storage = engine.open(PLACE);
  expectSame('the position of an empty store', storage.position('one'), undefined);
  storage.write([
    { store: 'one', changes: [row('a', '1')], position: 5 },
    { store: 'two', changes: [row('b', '2')], position: 9_007_199_254_740_991 },
  ]);
  storage.write([{ store: 'one', changes: [row('a', '3')], position: undefined }]);
  storage.close();
  const reopened = engine.open(PLACE);
  expectSame('positions', [reopened.position('one'), reopened.position('two')], [5, 9_007_199_254_740_991]);
  expectSame('the last value', reopened.store('one').get(Buffer.from('a'))?.toString(), '3');
  reopened.close();
}

function keepsApart(engine: StoreEngine): void {
  const places = [
    PLACE,
    { ...PLACE, taskId: '0_1' },
    { ...PLACE, thread: 1 },
    { ...PLACE, topology: 'other' },
    { ...PLACE, applicationId: 'other' },
  ];
  const storages = places.map((place) => engine.open(place));
  for (const [nth, storage] of storages.entries()) {
    storage.write([
      { store: 'one', changes: [row('a', `one of ${nth}`)], position: nth },
      { store: 'two', changes: [row('a', `two of ${nth}`)], position: 10 + nth },
    ]);
  }
  for (const [nth, storage] of storages.entries()) {
    expectSame('the first store', storage.store('one').get(Buffer.from('a'))?.toString(), `one of ${nth}`);
    expectSame('the second store', storage.store('two').get(Buffer.from('a'))?.toString(), `two of ${nth}`);
    expectSame('the second position', storage.position('two'), 10 + nth);
    storage.close();
  }
}

function fences(engine: StoreEngine): void {
  const former = engine.open(PLACE);
  former.write([{ store: 'one', changes: [row('a', 'kept')], position: 1 }]);
  const owner = engine.open(PLACE);
  const late = [{ store: 'one', changes: [row('a', 'late')], position: 2 }];
  expectFailure('a write of the former owner', 'MR_TASK_FENCED', () => former.write(late));
  expectFailure('a wipe of the former owner', 'MR_TASK_FENCED', () => former.wipe('one'));
  expectSame('what was kept', owner.store('one').get(Buffer.from('a'))?.toString(), 'kept');
  expectSame('the position', owner.position('one'), 1);
  owner.write([{ store: 'one', changes: [row('a', 'new')], position: 3 }]);
  expectSame('what the owner has written', owner.store('one').get(Buffer.from('a'))?.toString(), 'new');
  former.close();
  owner.close();
}

function wipes(engine: StoreEngine): void {
  const storage = engine.open(PLACE);
  storage.write([
    { store: 'one', changes: [row('a', '1')], position: 1 },
    { store: 'two', changes: [row('a', '2')], position: 2 },
  ]);
  const held = storage.store('one');
  storage.wipe('one');
  expectSame('the wiped rows, by who held the store', held.count(), 0);
  expectSame('the wiped position', storage.position('one'), undefined);
  expectSame('the wiped rows', storage.store('one').count(), 0);
  expectSame('the other store', [storage.position('two'), storage.store('two').count()], [2, 1]);
  storage.close();
}

function row(key: string, value: string): ByteChange {
  return { key: Buffer.from(key), value: Buffer.from(value) };
}

function shown({ key, value }: ByteRow): readonly [string, string] {
  return [latin1(key), value.toString()];
}

function latin1(bytes: Buffer): string {
  return bytes.toString('latin1');
}
