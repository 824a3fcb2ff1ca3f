import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ChangelogLog } from '../../test/changelog-log.js';
import { json, utf8 } from '../serde/serdes.js';
import { HeapJoinStore } from './heap-join-store.js';

const RETENTION_MS = 20;

interface ModelRow {
  readonly key: string;
  readonly timestampMs: number;
  readonly value: number;
}

const operation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('add' as const),
      key: fc.constantFrom('a', 'b'),
      timestampMs: fc.nat(60),
      value: fc.nat(9),
    }),
  },
  fc.record({ op: fc.constantFrom('commit' as const, 'rollback' as const, 'restart' as const) }),
);

function aStore(log?: ChangelogLog): HeapJoinStore<string, number> {
  return new HeapJoinStore('side', { key: utf8, value: json<number>() }, RETENTION_MS, log);
}

describe('HeapJoinStore', () => {
  it('equals a plain list of the rows within the retention under any writes, commits, rollbacks and restarts', () => {
    const property = fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const log = new ChangelogLog();
      let store = aStore(log);
      let rows: ModelRow[] = [];
      let committed: ModelRow[] = [];
      for (const each of operations) {
        if (each.op === 'add') {
          store.add(each.key, each.value, each.timestampMs);
          rows = [...rows, each];
        } else if (each.op === 'commit') {
          store.commit();
          log.commit();
          committed = rows;
        } else {
          log.rollback();
          rows = committed;
          if (each.op === 'rollback') store.rollback();
          else log.restoreInto((store = aStore(log)));
        }
        const latestMs = Math.max(-Infinity, ...rows.map((row) => row.timestampMs));
        for (const key of ['a', 'b']) {
          const alive = rows
            .filter((row) => row.key === key && row.timestampMs > latestMs - RETENTION_MS)
            .sort((one, other) => one.timestampMs - other.timestampMs);
          expect(store.fetch(key, 0, 60).map(({ value }) => value)).toEqual(alive.map(({ value }) => value));
        }
      }
    });
    fc.assert(property);
  });

  it('gives memory back as time goes on, also while it restores', () => {
    const log = new ChangelogLog();
    const store = aStore(log);
    for (let timestampMs = 0; timestampMs < 10_000; timestampMs++) {
      store.add('k', 1, timestampMs);
      store.commit();
    }
    log.commit();
    const restored = aStore();
    log.restoreInto(restored);

    expect(store.size()).toBeLessThanOrEqual(RETENTION_MS * 1.1 + 1);
    expect(restored.size()).toBeLessThanOrEqual(RETENTION_MS * 1.1 + 1);
  });
});
