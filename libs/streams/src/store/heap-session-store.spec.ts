import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ChangelogLog } from '../../test/changelog-log.js';
import { json, utf8 } from '../serde/serdes.js';
import { HeapSessionStore } from './heap-session-store.js';
import type { Session } from './session-store.js';

const RETENTION_MS = 20;
const session = fc
  .record({ key: fc.constantFrom('a', 'b'), startMs: fc.nat(50), length: fc.nat(5), value: fc.nat(9) })
  .map(({ key, startMs, length, value }) => ({ key, startMs, endMs: startMs + length, value }));
const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('put' as const), session }) },
  fc.record({ op: fc.constant('remove' as const), session }),
  fc.record({ op: fc.constantFrom('commit' as const, 'rollback' as const, 'restart' as const) }),
);

type Row = Session<string, number>;

function aStore(log?: ChangelogLog): HeapSessionStore<string, number> {
  return new HeapSessionStore('sessions', { key: utf8, value: json<number>() }, RETENTION_MS, log);
}

const isSame = (one: Row, other: Row): boolean =>
  one.key === other.key && one.startMs === other.startMs && one.endMs === other.endMs;
const inOrder = (rows: readonly Row[]): Row[] =>
  [...rows].sort((one, other) => one.endMs - other.endMs || one.startMs - other.startMs);

describe('HeapSessionStore', () => {
  it('equals a plain list under any writes, removals, commits, rollbacks and restarts', () => {
    const property = fc.property(
      fc.array(operation, { maxLength: 40 }),
      fc.nat(55),
      fc.nat(55),
      (operations, earliestEndMs, latestStartMs) => {
        const log = new ChangelogLog();
        let store = aStore(log);
        let model: { rows: Row[]; latestMs: number } = { rows: [], latestMs: -Infinity };
        let committed = model;
        for (const each of operations) {
          if (each.op === 'put' || each.op === 'remove') {
            const rest = model.rows.filter((row) => !isSame(row, each.session));
            const latestMs = Math.max(model.latestMs, each.session.endMs);
            model = { rows: each.op === 'put' ? [...rest, each.session] : rest, latestMs };
            if (each.op === 'put') store.put(each.session);
            else store.remove(each.session);
          } else if (each.op === 'commit') {
            store.commit();
            log.commit();
            committed = model;
          } else {
            log.rollback();
            model = committed;
            if (each.op === 'rollback') store.rollback();
            else log.restoreInto((store = aStore(log)));
          }
          const { rows, latestMs } = model;
          const found = rows.filter(
            ({ key, startMs, endMs }) =>
              key === 'a' && endMs >= earliestEndMs && startMs <= latestStartMs && endMs > latestMs - RETENTION_MS,
          );
          expect(store.find('a', earliestEndMs, latestStartMs)).toEqual(inOrder(found));
        }
      },
    );
    fc.assert(property, { numRuns: 300 });
  });

  it('gives memory back at the commit, of sessions that are past their retention', () => {
    const store = aStore();
    for (let startMs = 0; startMs < 1_000; startMs += 10) store.put({ key: 'a', startMs, endMs: startMs, value: 1 });
    expect(store.size()).toBe(100);
    store.commit();

    expect([...store.entries()].map(([{ startMs }]) => startMs)).toEqual([970, 980, 990]);
    expect(store.latestEndMs()).toBe(990);
  });
});
