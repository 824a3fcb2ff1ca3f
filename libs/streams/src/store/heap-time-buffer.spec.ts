import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ChangelogLog } from '../../test/changelog-log.js';
import { json, utf8 } from '../serde/serdes.js';
import { HeapTimeBuffer } from './heap-time-buffer.js';

const HEADERS = Buffer.from([0]);
const operation = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant('put' as const), key: fc.constantFrom('a', 'b'), timestampMs: fc.nat(9) }),
  },
  fc.record({ op: fc.constant('take' as const), toMs: fc.nat(9) }),
  fc.record({ op: fc.constantFrom('commit' as const, 'rollback' as const, 'restart' as const) }),
);

function aBuffer(log?: ChangelogLog): HeapTimeBuffer<string, number> {
  return new HeapTimeBuffer('waiting', { key: utf8, value: json<number>() }, log);
}

describe('HeapTimeBuffer', () => {
  it('equals a plain list under any records, takes, commits, rollbacks and restarts', () => {
    const property = fc.property(fc.array(operation, { maxLength: 50 }), (operations) => {
      const log = new ChangelogLog();
      let buffer = aBuffer(log);
      let model: { readonly value: number; readonly timestampMs: number }[] = [];
      let committed = model;
      for (const [value, each] of operations.entries()) {
        if (each.op === 'put') {
          buffer.put(each.key, value, each.timestampMs, HEADERS);
          model = [...model, { value, timestampMs: each.timestampMs }];
        } else if (each.op === 'take') {
          const due = model
            .filter(({ timestampMs }) => timestampMs <= each.toMs)
            .sort((one, other) => one.timestampMs - other.timestampMs);
          expect(buffer.takeUpTo(each.toMs).map((record) => record.value)).toEqual(due.map((record) => record.value));
          model = model.filter(({ timestampMs }) => timestampMs > each.toMs);
        } else if (each.op === 'commit') {
          buffer.commit();
          log.commit();
          committed = model;
        } else {
          log.rollback();
          model = committed;
          if (each.op === 'rollback') buffer.rollback();
          else log.restoreInto((buffer = aBuffer(log)));
        }
        expect(buffer.size()).toBe(model.length);
        const times = model.map(({ timestampMs }) => timestampMs);
        expect(buffer.latestHeldMs()).toBe(times.length === 0 ? undefined : Math.max(...times));
      }
    });
    fc.assert(property, { numRuns: 300 });
  });
});
