import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ChangelogLog } from '../../test/changelog-log.js';
import { json, utf8 } from '../serde/serdes.js';
import { HeapSuppressBuffer } from './heap-suppress-buffer.js';

const HEADERS = Buffer.from([0]);
const operation = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('put' as const),
      key: fc.constantFrom('a', 'b', 'c'),
      value: fc.option(fc.nat(9)),
      dueMs: fc.nat(5),
    }),
  },
  fc.record({ op: fc.constantFrom('take' as const, 'commit' as const, 'rollback' as const, 'restart' as const) }),
);

interface Held {
  readonly key: string;
  readonly value: number | null;
  readonly prior: number | null;
  readonly dueMs: number;
}

function aBuffer(log?: ChangelogLog): HeapSuppressBuffer<string, number> {
  return new HeapSuppressBuffer('held', { key: utf8, value: json<number>() }, log);
}

const firstOf = (model: ReadonlyMap<string, Held>): Held | undefined =>
  [...model.values()].sort((one, other) => one.dueMs - other.dueMs || (one.key < other.key ? -1 : 1))[0];

describe('HeapSuppressBuffer', () => {
  it('equals a plain map under any updates, takes, commits, rollbacks and restarts', () => {
    const property = fc.property(fc.array(operation, { maxLength: 50 }), (operations) => {
      const log = new ChangelogLog();
      let buffer = aBuffer(log);
      let model = new Map<string, Held>();
      let committed = model;
      for (const [index, each] of operations.entries()) {
        if (each.op === 'put') {
          const held = model.get(each.key);
          const prior = held === undefined ? index : held.prior;
          const update = { key: each.key, value: each.value, prior, dueMs: held?.dueMs ?? each.dueMs };
          model = new Map(model).set(each.key, update);
          buffer.put(each.key, each.value, index, each.dueMs, index, HEADERS);
        } else if (each.op === 'take') {
          const first = buffer.first();
          expect(first?.key).toBe(firstOf(model)?.key);
          if (first === undefined) continue;
          buffer.take(first);
          model = new Map(model);
          model.delete(first.key);
        } else if (each.op === 'commit') {
          buffer.flush();
          buffer.commit();
          log.commit();
          committed = model;
        } else {
          log.rollback();
          model = committed;
          if (each.op === 'rollback') buffer.rollback();
          else log.restoreInto((buffer = aBuffer(log)));
        }
        const shown = ['a', 'b', 'c'].flatMap((key) => buffer.get(key) ?? []);
        expect(shown).toEqual(['a', 'b', 'c'].flatMap((key) => model.get(key) ?? []).map(expect.objectContaining));
        expect(buffer.size()).toBe(model.size);
        expect(buffer.bytes === 0).toBe(model.size === 0);
      }
    });
    fc.assert(property, { numRuns: 300 });
  });
});
