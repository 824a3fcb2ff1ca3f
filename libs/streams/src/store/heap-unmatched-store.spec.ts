import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ChangelogLog } from '../../test/changelog-log.js';
import { json, utf8 } from '../serde/serdes.js';
import { HeapUnmatchedStore } from './heap-unmatched-store.js';

interface ModelRow {
  readonly key: string;
  readonly timestampMs: number;
  readonly value: number;
}

const key = fc.constantFrom('a', 'b');
const timestampMs = fc.nat(20);
const operation = fc.oneof(
  { weight: 5, arbitrary: fc.record({ op: fc.constant('add' as const), key, timestampMs, value: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('matched' as const), key, timestampMs }) },
  fc.record({ op: fc.constant('take' as const), beforeMs: fc.nat(20) }),
  fc.record({
    op: fc.constantFrom('commit' as const, 'rollback' as const, 'restart' as const, 'restart-compacted' as const),
  }),
);

function aStore(log?: ChangelogLog): HeapUnmatchedStore<string, number> {
  return new HeapUnmatchedStore('unmatched', { key: utf8, value: json<number>() }, log);
}

const inOrder = (rows: readonly ModelRow[]): ModelRow[] =>
  [...rows].sort((one, other) => one.timestampMs - other.timestampMs);

describe('HeapUnmatchedStore', () => {
  it('equals a plain list under any additions, matches, takes, commits, rollbacks and restarts', () => {
    const property = fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const log = new ChangelogLog();
      let store = aStore(log);
      let rows: ModelRow[] = [];
      let committed: ModelRow[] = [];
      for (const each of operations) {
        if (each.op === 'add') {
          store.add(each.key, each.value, each.timestampMs);
          rows = [...rows, each];
        } else if (each.op === 'matched') {
          store.matched(each.key, each.timestampMs);
          rows = rows.filter((row) => row.key !== each.key || row.timestampMs !== each.timestampMs);
        } else if (each.op === 'take') {
          const due = inOrder(rows.filter((row) => row.timestampMs < each.beforeMs));
          expect(store.takeBefore(each.beforeMs).map(({ value }) => value)).toEqual(due.map(({ value }) => value));
          rows = rows.filter((row) => row.timestampMs >= each.beforeMs);
        } else if (each.op === 'commit') {
          store.commit();
          log.commit();
          committed = rows;
        } else {
          log.rollback();
          rows = committed;
          if (each.op === 'rollback') store.rollback();
          else log.restoreInto((store = aStore(log)), each.op === 'restart-compacted');
        }
        expect(store.size()).toBe(rows.length);
        expect(store.latestMs()).toBe(inOrder(rows).at(-1)?.timestampMs);
      }
      expect(store.takeBefore(21).map(({ value }) => value)).toEqual(inOrder(rows).map(({ value }) => value));
    });
    fc.assert(property);
  });

  it('numbers rows apart from those of before a restart, although they have gone', () => {
    const log = new ChangelogLog();
    const first = aStore(log);
    first.add('a', 1, 5);
    first.matched('a', 5);
    log.commit();
    const second = aStore(log);
    log.restoreInto(second);
    second.add('a', 2, 5);
    log.commit();
    const third = aStore();
    log.restoreInto(third);

    expect(third.takeBefore(6)).toMatchObject([{ key: 'a', value: 2, timestampMs: 5 }]);
  });
});
