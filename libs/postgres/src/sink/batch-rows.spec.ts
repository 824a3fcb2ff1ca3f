import { describe, expect, it } from '@jest/globals';
import type { SinkRecord } from '@millrace/streams';
import { rowsOf } from './batch-rows.js';
import type { TableMapping } from './table-mapping.js';

const place = { topic: 't', partition: 2 };
interface Key {
  readonly a: string;
  readonly b: string;
}
interface Value {
  readonly n?: number;
}
const mapping: TableMapping<Key, Value> = {
  table: 'x',
  key: [
    { name: 'a', type: 'text', of: ({ a }) => a },
    { name: 'b', type: 'text', of: ({ b }) => b },
  ],
  values: [{ name: 'n', type: 'integer', of: ({ n }) => n as number }],
};
const aRecord = (offset: number, a: string, b: string, value: Value | null): SinkRecord<Key, Value> => ({
  offset,
  timestampMs: 0,
  key: { a, b },
  value,
  headers: [],
});

describe('the rows of a batch', () => {
  it('are arrays by column, the last record of a key in the place of the first', () => {
    const rows = rowsOf(mapping, place, [
      aRecord(0, 'x', 'y', { n: 1 }),
      aRecord(1, 'x', 'z', { n: 2 }),
      aRecord(2, 'x', 'y', { n: 3 }),
    ]);

    expect(rows).toEqual({
      upserts: [
        ['x', 'x'],
        ['y', 'z'],
        [3, 2],
      ],
      upsertCount: 2,
      removals: [[], []],
      removalCount: 0,
    });
  });

  it('keep keys apart whose parts only look the same when joined', () => {
    const rows = rowsOf(mapping, place, [aRecord(0, 'x,y', 'z', { n: 1 }), aRecord(1, 'x', 'y,z', { n: 2 })]);

    expect(rows.upsertCount).toBe(2);
  });

  it('are removals where the last record of a key has no value', () => {
    const rows = rowsOf(mapping, place, [aRecord(0, 'x', 'y', { n: 1 }), aRecord(1, 'x', 'y', null)]);

    expect(rows).toMatchObject({ upsertCount: 0, removals: [['x'], ['y']], removalCount: 1 });
  });

  it('tell an absent value from null, and name column and offset', () => {
    expect(() => rowsOf(mapping, place, [aRecord(9, 'x', 'y', {})])).toThrow(
      expect.objectContaining({
        code: 'MR_SINK_REFUSED',
        disposition: 'dead-letter',
        place: { topic: 't', partition: 2, offset: 9 },
        message: expect.stringContaining("nothing for column 'n'"),
      }),
    );
  });

  it('turn what a mapping throws into a refusal of that record', () => {
    expect(() =>
      rowsOf(mapping, place, [{ ...aRecord(4, 'x', 'y', {}), value: undefined as unknown as Value }]),
    ).toThrow(
      expect.objectContaining({ place: { topic: 't', partition: 2, offset: 4 }, cause: expect.any(TypeError) }),
    );
  });
});
