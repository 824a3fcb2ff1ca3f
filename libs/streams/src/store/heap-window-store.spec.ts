import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ChangelogLog } from '../../test/changelog-log.js';
import { json, utf8 } from '../serde/serdes.js';
import { HeapWindowStore } from './heap-window-store.js';

const RETENTION_MS = 20;

const operation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('put' as const),
      key: fc.constantFrom('a', 'b'),
      startMs: fc.nat(7).map((each) => each * 10),
      value: fc.option(fc.nat(9)),
    }),
  },
  fc.record({ op: fc.constantFrom('commit' as const, 'rollback' as const, 'restart' as const) }),
);

function aStore(log?: ChangelogLog): HeapWindowStore<string, number> {
  const serdes = { key: utf8, value: json<number>() };
  return new HeapWindowStore('windows', serdes, { windowSizeMs: 10, retentionMs: RETENTION_MS }, log);
}

describe('HeapWindowStore', () => {
  it('equals a plain map under any sequence of writes, commits, rollbacks and restarts', () => {
    const property = fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const log = new ChangelogLog();
      let store = aStore(log);
      let timeMs = 0;
      let model = new Map<string, number>();
      let committed = { timeMs, model: new Map(model) };
      for (const each of operations) {
        if (each.op === 'put') {
          // As the operators do: a late record is dropped.
          if (each.startMs < timeMs - RETENTION_MS) continue;
          timeMs = Math.max(timeMs, each.startMs);
          store.put(each.key, each.startMs, each.value, each.startMs);
          if (each.value === null) model.delete(`${each.key}@${each.startMs}`);
          else model.set(`${each.key}@${each.startMs}`, each.value);
        } else if (each.op === 'commit') {
          store.commit();
          log.commit();
          committed = { timeMs, model: new Map(model) };
        } else {
          log.rollback();
          ({ timeMs } = committed);
          model = new Map(committed.model);
          if (each.op === 'rollback') store.rollback();
          else log.restoreInto((store = aStore(log)));
        }
        const alive = [...model].filter(([id]) => Number(id.split('@')[1]) >= timeMs - RETENTION_MS);
        const shown = [...store.entries()].map(([{ key, startMs }, { value }]) => [`${key}@${startMs}`, value]);
        expect(new Map(shown as [string, number][])).toEqual(new Map(alive));
        expect(store.size()).toBe(alive.length);
      }
    });
    fc.assert(property);
  });

  it('does not bring windows back whose retention had passed when the changelog was written', () => {
    const log = new ChangelogLog();
    const store = aStore(log);
    for (let startMs = 0; startMs < 1_000; startMs += 10) store.put('a', startMs, 1, startMs);
    log.commit();
    const restored = aStore();
    log.restoreInto(restored);

    expect([...restored.entries()].map(([{ startMs, endMs }]) => [startMs, endMs])).toEqual([
      [970, 980],
      [980, 990],
      [990, 1_000],
    ]);
  });
});
