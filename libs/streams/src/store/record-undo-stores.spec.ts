import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '@millrace/kernel';
import { HeapSubscriptionStore } from '../join/foreign-key/heap-subscription-store.js';
import { json, utf8 } from '../serde/serdes.js';
import { HeapJoinStore } from './heap-join-store.js';
import { HeapSessionStore } from './heap-session-store.js';
import { HeapSuppressBuffer } from './heap-suppress-buffer.js';
import { HeapTimeBuffer } from './heap-time-buffer.js';
import { HeapUnmatchedStore } from './heap-unmatched-store.js';
import { HeapVersionedStore } from './heap-versioned-store.js';
import { HeapWindowStore } from './heap-window-store.js';
import { HeapKeyValueStore } from './key-value-store.js';
import type { StateStore } from './state-store.js';

const serdes = { key: utf8, value: json<number>() };
const RETENTION_MS = 40;
const NO_HEADERS = Buffer.from([0]);

/** A store with a random write, and all that can be seen of it. */
interface Subject<S extends StateStore> {
  readonly make: () => S;
  readonly write: (store: S, random: SeededRandom) => void;
  readonly see: (store: S) => unknown;
}

const keyOf = (random: SeededRandom): string => 'abc'.charAt(Math.floor(random.next() * 3));
const timeOf = (random: SeededRandom): number => Math.floor(random.next() * 10) * 10;
const keys = ['a', 'b', 'c'];

function subject<S extends StateStore>(each: Subject<S>): Subject<StateStore> {
  return each as unknown as Subject<StateStore>;
}

const SUBJECTS: readonly (readonly [string, Subject<StateStore>])[] = [
  [
    'key-value',
    subject({
      make: () => new HeapKeyValueStore('s', serdes, () => 0),
      write: (store, random) =>
        void store.put(keyOf(random), random.next() < 0.3 ? null : random.next(), timeOf(random)),
      see: (store) => [store.size(), keys.map((key) => store.getWithTimestamp(key))],
    }),
  ],
  [
    'versioned',
    subject({
      make: () => new HeapVersionedStore('s', serdes, RETENTION_MS),
      write: (store, random) =>
        void store.put(keyOf(random), random.next() < 0.3 ? null : random.next(), timeOf(random)),
      see: (store) => keys.map((key) => [store.row(key), [0, 20, 40, 60, 80].map((ms) => store.rowAsOf(key, ms))]),
    }),
  ],
  [
    'window',
    subject({
      make: () =>
        new HeapWindowStore('s', serdes, { windowSizeMs: 10, retentionMs: RETENTION_MS, isFetchedByKey: true }),
      write: (store, random) =>
        store.put(keyOf(random), timeOf(random), random.next() < 0.3 ? null : random.next(), timeOf(random)),
      see: (store) => [
        [...store.entries()].map((entry) => JSON.stringify(entry)).toSorted(),
        keys.map((key) => [...store.fetch(key, 0, 100)]),
      ],
    }),
  ],
  [
    'session',
    subject({
      make: () => new HeapSessionStore('s', serdes, RETENTION_MS),
      write: (store, random) => {
        const startMs = timeOf(random);
        const key = keyOf(random);
        const [found] = store.find(key, startMs, startMs + 10);
        if (found !== undefined && random.next() < 0.5) store.remove(found);
        else store.put({ key, startMs, endMs: startMs + timeOf(random), value: random.next() });
      },
      see: (store) => [keys.map((key) => [...store.find(key, -1_000, 1_000)]), store.size()],
    }),
  ],
  [
    'join window',
    subject({
      make: () => new HeapJoinStore('s', serdes, RETENTION_MS),
      write: (store, random) => store.add(keyOf(random), random.next(), timeOf(random)),
      see: (store) => [keys.map((key) => store.fetch(key, 0, 100).map(({ value }) => value)), store.size()],
    }),
  ],
  [
    'unmatched',
    subject({
      make: () => new HeapUnmatchedStore('s', serdes),
      write: (store, random) => {
        if (random.next() < 0.7) store.add(keyOf(random), random.next(), timeOf(random));
        else if (random.next() < 0.5) store.matched(keyOf(random), timeOf(random));
        else store.takeBefore(timeOf(random) / 2);
      },
      see: (store) => [store.size(), store.latestMs(), [0, 20, 40, 60, 80].map((ms) => store.countAt(ms))],
    }),
  ],
  [
    'suppress buffer',
    subject({
      make: () => new HeapSuppressBuffer('s', serdes),
      write: (store, random) => {
        const first = store.first();
        if (first !== undefined && random.next() < 0.3) store.take(first);
        else store.put(keyOf(random), random.next(), null, timeOf(random), timeOf(random), NO_HEADERS);
      },
      see: (store) => [keys.map((key) => store.get(key)?.value), store.size(), store.bytes, store.latestDueMs()],
    }),
  ],
  [
    'time buffer',
    subject({
      make: () => new HeapTimeBuffer('s', serdes),
      write: (store, random) => {
        if (random.next() < 0.8) store.put(keyOf(random), random.next(), timeOf(random), NO_HEADERS);
        else store.takeUpTo(timeOf(random) / 2);
      },
      see: (store) => [store.size(), store.latestHeldMs()],
    }),
  ],
  [
    'subscriptions',
    subject({
      make: () => new HeapSubscriptionStore('s'),
      write: (store, random) => {
        const [foreign, primary] = [Buffer.from(keyOf(random)), Buffer.from(keyOf(random))];
        if (random.next() < 0.3) store.delete(foreign, primary, 0);
        else
          store.put(
            foreign,
            { primaryKey: primary, instruction: 'subscribe', primaryPartition: 0, digest: null },
            Math.floor(random.next() * 1_000),
          );
      },
      see: (store) => keys.map((key) => [...store.of(Buffer.from(key))].map((row) => JSON.stringify(row)).toSorted()),
    }),
  ],
];

describe.each(SUBJECTS)('taking back one record: %s', (_kind, { make, write, see }) => {
  it('leaves what stood before it, of this transaction and of earlier ones, and the commit and rollback that follow', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = new SeededRandom(seed);
      const store = make();
      const twin = make();
      for (let step = 0; step < 30; step++) {
        const writes = new SeededRandom(seed * 1_000 + step);
        const again = new SeededRandom(seed * 1_000 + step);
        const fails = random.next() < 0.4;
        store.beginRecord();
        twin.beginRecord();
        for (let nth = 0; nth < 3; nth++) {
          write(store, writes);
          if (!fails) write(twin, again);
        }
        if (fails) store.undoRecord();
        expect(see(store)).toEqual(see(twin));
        const end = random.next();
        if (end < 0.2) for (const each of [store, twin]) each.commit();
        else if (end < 0.3) for (const each of [store, twin]) each.rollback();
        expect(see(store)).toEqual(see(twin));
      }
    }
  });
});
