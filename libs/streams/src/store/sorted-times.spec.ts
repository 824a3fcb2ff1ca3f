import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SortedTimes } from './sorted-times.js';

const ms = fc.nat(30);
const operation = fc.oneof(
  fc.record({ op: fc.constant('add' as const), ms }),
  fc.record({ op: fc.constant('delete' as const), ms }),
  fc.record({ op: fc.constant('take' as const), ms }),
);

describe('SortedTimes', () => {
  it('equals a sorted set under any additions, deletions and takes', () => {
    const property = fc.property(fc.array(operation, { maxLength: 80 }), ms, (operations, fromMs) => {
      const times = new SortedTimes();
      let model: number[] = [];
      for (const each of operations) {
        if (each.op === 'add') {
          times.add(each.ms);
          model = [...new Set([...model, each.ms])].sort((one, other) => one - other);
        } else if (each.op === 'delete') {
          times.delete(each.ms);
          model = model.filter((one) => one !== each.ms);
        } else {
          expect(times.takeBefore(each.ms)).toEqual(model.filter((one) => one < each.ms));
          model = model.filter((one) => one >= each.ms);
        }
        expect(times.range(-Infinity, Infinity)).toEqual(model);
        expect(times.range(fromMs, fromMs + 5)).toEqual(model.filter((one) => one >= fromMs && one <= fromMs + 5));
        expect([times.size, times.earliestMs, times.latestMs]).toEqual([model.length, model[0], model.at(-1)]);
        expect(times.firstFrom(fromMs)).toBe(model.find((one) => one >= fromMs));
      }
    });
    fc.assert(property);
  });
});
