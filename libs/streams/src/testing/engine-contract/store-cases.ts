import { SeededRandom, nextInt } from '@millrace/kernel';
import type { SubscriptionStore } from '../../join/foreign-key/subscription-store.js';
import type { JoinStore } from '../../store/join-store.js';
import type { KeyValueStore, TimestampedValue } from '../../store/key-value-store.js';
import type { SessionStore } from '../../store/session-store.js';
import type { StateStore } from '../../store/state-store.js';
import type { TableStore } from '../../store/table-store.js';
import type { WindowStore } from '../../store/window-store.js';
import { expectSame, type StoreEngineCase } from './expectation.js';
import { TwinStates } from './twin-states.js';

const ROUNDS = 400;
const RETENTION_MS = 30;
/** Before any time of the cases. */
const BEFORE_MS = 500;
/** Some are the beginning of others, or have no byte that could be greater. */
const FOREIGN_KEYS = [[], [0], [0, 0], [255], [255, 255], [97]].map((bytes) => Buffer.from(bytes));
const KEYS = ['', 'a', 'aa', 'b', 'ÿ'];

/** Below a bound, of a case's own sequence. */
type Below = (bound: number) => number;

/** What every store must do on an engine: what it does in the heap. Another seed tries another sequence of writes and endings. */
export const storeCasesOf = (seed: number): readonly StoreEngineCase[] => [
  {
    title: 'gives a key-value store the answers of one in the heap, also across failed records and crashes',
    check: (engine) => {
      const twins = new TwinStates<KeyValueStore<string, unknown> & StateStore>('key-value', {}, engine);
      tryOut(seed, twins, (below, nowMs) => {
        const key = keyOf(below);
        const value = below(4) === 0 ? null : { is: below(9) };
        twins.both((store) => store.put(key, value, nowMs));
        compare('a row', twins, (store) => shown(store.getWithTimestamp(key)));
        compare('all rows', twins, (store) => rows(store.entries()));
        compare('the size', twins, (store) => store.size());
      });
    },
  },
  {
    title: 'gives a versioned store the answers of one in the heap, also across failed records and crashes',
    check: (engine) => {
      const twins = new TwinStates<TableStore & Pick<KeyValueStore<string, unknown>, 'entries'>>(
        'versioned',
        { retentionMs: RETENTION_MS },
        engine,
      );
      tryOut(seed, twins, (below, nowMs) => {
        const key = keyOf(below);
        const value = below(4) === 0 ? null : { is: below(9) };
        const timestampMs = nowMs - below(40);
        compare('what became of a put', twins, (store) => store.put(key, value, timestampMs));
        compare('a row', twins, (store) => shown(store.row(key)));
        for (const ageMs of [0, 10, 29, 30, 31, 60]) {
          compare(`a row ${ageMs} ms ago`, twins, (store) => shown(store.rowAsOf(key, nowMs - ageMs)));
        }
        compare('all rows', twins, (store) => rows(store.entries()));
      });
    },
  },
  {
    title: 'gives a window store the answers of one in the heap, also across failed records and crashes',
    check: (engine) => {
      const spec = { windowSizeMs: 10, retentionMs: RETENTION_MS, isFetchedByKey: true };
      const twins = new TwinStates<WindowStore<string, unknown>>('window', spec, engine);
      tryOut(seed, twins, (below, nowMs) => {
        const key = keyOf(below);
        const startMs = nowMs - below(35);
        const value = below(5) === 0 ? null : { is: below(9) };
        // As the operators do: a late record is dropped.
        if (startMs >= nowMs - RETENTION_MS) twins.both((store) => store.put(key, startMs, value, startMs + 3));
        compare('a window', twins, (store) => shown(store.get(key, startMs)));
        compare('windows of a key', twins, (store) => rows(store.fetch(key, nowMs - 20, nowMs)));
        compare('windows of a time', twins, (store) => rows(store.startingIn(nowMs - 25, nowMs - 5)));
        compare('all windows', twins, (store) => rows(store.entries()));
      });
    },
  },
  {
    title: 'gives a session store the answers of one in the heap, also across failed records and crashes',
    check: (engine) => {
      const twins = new TwinStates<SessionStore<string, unknown>>('session', { retentionMs: RETENTION_MS }, engine);
      tryOut(seed, twins, (below, nowMs) => {
        const endMs = nowMs - below(25);
        const session = { key: keyOf(below), startMs: endMs - below(8), endMs, value: below(9) };
        twins.both((store) => (session.value < 2 ? store.remove(session) : store.put(session)));
        compare('sessions of a key', twins, (store) => store.find(session.key, nowMs - 15, nowMs));
        compare('all sessions of a key', twins, (store) => store.find(session.key, -BEFORE_MS, nowMs + 100));
      });
      compare('all sessions', twins, (store) => rows(store.entries()));
      compare('the latest end', twins, (store) => store.latestEndMs());
    },
  },
  {
    title: 'gives a side of a join the answers of one in the heap, also across failed records and crashes',
    check: (engine) => {
      const twins = new TwinStates<JoinStore<string, unknown>>('join-window', { retentionMs: RETENTION_MS }, engine);
      tryOut(seed, twins, (below, nowMs) => {
        const key = keyOf(below);
        const timestampMs = nowMs - below(40);
        const value = below(9);
        twins.both((store) => store.add(key, value, timestampMs));
        compare('rows of a key', twins, (store) => joinRows(store, key, nowMs - 20, nowMs + 5));
        compare('all rows of a key', twins, (store) => joinRows(store, key, -BEFORE_MS, nowMs + 100));
      });
    },
  },
  {
    title:
      'gives the subscriptions of a foreign-key join the answers of those in the heap, also across failed records and crashes',
    check: (engine) => {
      const twins = new TwinStates<SubscriptionStore>('subscriptions', {}, engine);
      tryOut(seed, twins, (below, nowMs) => {
        const foreignKey = FOREIGN_KEYS[below(FOREIGN_KEYS.length)] as Buffer;
        const primaryKey = Buffer.from([97 + below(3)]);
        const subscription = {
          instruction: 'subscribe',
          primaryKey,
          primaryPartition: below(5),
          digest: null,
        } as const;
        if (below(3) === 0) twins.both((store) => store.delete(foreignKey, primaryKey, nowMs));
        else twins.both((store) => store.put(foreignKey, subscription, nowMs));
        for (const each of FOREIGN_KEYS) {
          compare('subscriptions', twins, (store) =>
            [...store.of(each)]
              .map(
                ({ subscription: row, timestampMs }) =>
                  `${row.primaryKey.toString()} ${row.primaryPartition} ${timestampMs}`,
              )
              .sort(),
          );
        }
        compare('their number', twins, (store) => store.size());
      });
    },
  },
];

/** Writes and compares many times, with commits, crashes and restarts in between, as time goes on. */
function tryOut<S extends StateStore>(
  seed: number,
  twins: TwinStates<S>,
  round: (below: Below, nowMs: number) => void,
): void {
  const random = new SeededRandom(seed);
  const below: Below = (bound) => nextInt(random, bound);
  // Time passes 1970 on its way: what is negative must sort before what is not.
  let nowMs = -BEFORE_MS / 2;
  let committedMs = nowMs;
  for (let nth = 0; nth < ROUNDS; nth++) {
    nowMs += below(3) === 0 ? below(8) : 0;
    twins.beginRecord();
    round(below, nowMs);
    if (below(6) === 0) twins.undoRecord();
    const next = below(12);
    if (next < 3) twins.commit();
    else if (next === 3) twins.end('restart');
    else if (next === 4) twins.end('crash after the commit');
    else if (next === 5) twins.end('crash before the commit');
    if (next < 5) committedMs = nowMs;
    // Stream time is a task's own and goes back with it.
    else if (next === 5) nowMs = committedMs;
  }
  twins.end('restart');
}

function compare<S extends StateStore>(what: string, twins: TwinStates<S>, ask: (store: S) => unknown): void {
  const [found, expected] = twins.both(ask);
  expectSame(what, found, expected);
}

/** Rows without their sequence numbers, which only tell them apart. */
function joinRows(store: JoinStore<string, unknown>, key: string, fromMs: number, toMs: number): unknown {
  return store.fetch(key, fromMs, toMs).map(({ timestampMs, value }) => [timestampMs, value]);
}

function keyOf(below: Below): string {
  return KEYS[below(KEYS.length)] as string;
}

function shown(row: TimestampedValue<unknown> | undefined): unknown {
  return row === undefined ? undefined : [row.value, row.timestampMs];
}

/** Rows in an order of their own: that of a heap store is not told. */
function rows(entries: Iterable<readonly [unknown, TimestampedValue<unknown>]>): string[] {
  return [...entries].map(([key, row]) => JSON.stringify([key, shown(row)])).sort();
}
