import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RestoredRows, type RestoredRow } from './restored-rows.js';

const key = fc.uint8Array({ maxLength: 2, max: 3 }).map((bytes) => Buffer.from(bytes));
const value = fc.oneof(
  { weight: 20, arbitrary: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)) },
  // Larger than a slab, and nearly as large.
  fc.constantFrom(1_048_577, 1_048_000, 600_000).map((length) => Buffer.alloc(length, 7)),
);
const timestampMs = fc.oneof(fc.nat(), fc.integer(), fc.maxSafeInteger());
const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('set' as const), key, value, timestampMs }) },
  fc.record({ op: fc.constant('delete' as const), key }),
);

function set(rows: RestoredRows, at: Buffer, bytes: Buffer, ms: number): void {
  const buffer = Buffer.concat([Buffer.from('before'), at, Buffer.from('between'), bytes]);
  rows.set(buffer, 6, 6 + at.length, 13 + at.length, buffer.length, ms);
}

function shown(row: RestoredRow | undefined): unknown {
  if (row === undefined) return undefined;
  const { buffer, keyStart, keyEnd, valueStart, valueEnd } = row;
  const bytes = buffer.subarray(valueStart, valueEnd);
  return [buffer.toString('hex', keyStart, keyEnd), bytes.length, bytes.toString('hex', 0, 100), row.timestampMs];
}

describe('RestoredRows', () => {
  it('equals a plain map under any sequence of rows that come, are written over and go', () => {
    const property = fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const rows = new RestoredRows();
      const model = new Map<string, unknown>();
      for (const each of operations) {
        const text = each.key.toString('hex');
        if (each.op === 'delete') {
          expect(rows.delete(each.key, 0, each.key.length)).toBe(model.delete(text));
        } else {
          set(rows, each.key, each.value, each.timestampMs);
          model.set(text, [text, each.value.length, each.value.toString('hex', 0, 100), each.timestampMs]);
        }
        expect(rows.size).toBe(model.size);
        expect(shown(rows.get(each.key, 0, each.key.length))).toEqual(model.get(text));
      }
      expect([...rows.rows()].map(shown).sort()).toEqual([...model.values()].sort());
    });
    fc.assert(property);
  });

  it('finds each of many rows, also after most of them were written over or have gone', () => {
    const rows = new RestoredRows();
    const keyOf = (nth: number): Buffer => Buffer.from(`aircraft-${nth}`);
    for (let round = 0; round < 5; round++) {
      for (let nth = 0; nth < 50_000; nth++) set(rows, keyOf(nth), Buffer.from(`${round} ${nth}`), nth);
    }
    for (let nth = 0; nth < 50_000; nth += 2) rows.delete(keyOf(nth), 0, keyOf(nth).length);

    expect(rows.size).toBe(25_000);
    for (let nth = 0; nth < 50_000; nth++) {
      const row = rows.get(keyOf(nth), 0, keyOf(nth).length);
      expect(row?.buffer.toString('utf8', row.valueStart, row.valueEnd)).toBe(nth % 2 === 0 ? undefined : `4 ${nth}`);
    }
  });
});
