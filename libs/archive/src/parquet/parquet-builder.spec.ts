import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parquetMetadata } from 'hyparquet';
import type { Column } from './column.js';
import { ParquetBuilder } from './parquet-builder.js';
import { readParquet } from './read-parquet.js';

interface Row {
  readonly text: string | null;
  readonly whole: number;
  readonly real: number | null;
  readonly flag: boolean | null;
  readonly at: number | null;
}

const columns: readonly Column<Row>[] = [
  { name: 'text', type: 'string', of: ({ text }) => text },
  { name: 'whole', type: 'int32', nullable: false, of: ({ whole }) => whole },
  { name: 'real', type: 'double', of: ({ real }) => real },
  { name: 'flag', type: 'boolean', of: ({ flag }) => flag },
  { name: 'at', type: 'timestamp', of: ({ at }) => at },
];
const aRow = (overrides: Partial<Row> = {}): Row => ({
  text: 'a',
  whole: 1,
  real: 0.5,
  flag: true,
  at: 1_356_998_400_000,
  ...overrides,
});

function build(rows: readonly Row[], batches: readonly number[] = [rows.length], rowGroupRows = 4): Uint8Array {
  const builder = new ParquetBuilder(columns, { rowGroupRows });
  let from = 0;
  for (const size of [...batches, rows.length]) {
    expect(builder.append(rows.slice(from, from + size))).toBeUndefined();
    from += size;
  }
  return builder.finish();
}

async function read(bytes: Uint8Array): Promise<Row[]> {
  const { rows, columns: found } = await readParquet('object', bytes);
  const value = (name: string, row: number): unknown => found.get(name)?.[row];
  return Array.from({ length: rows }, (_, row) =>
    Object.fromEntries(columns.map(({ name }) => [name, value(name, row)])),
  ) as unknown as Row[];
}

const anyRow: fc.Arbitrary<Row> = fc.record({
  text: fc.option(fc.string({ unit: 'binary' })),
  whole: fc.integer(),
  real: fc.option(fc.double({ noNaN: true })),
  flag: fc.option(fc.boolean()),
  at: fc.option(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 })),
});

describe('a Parquet object', () => {
  it('gives back every value that was put in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { maxLength: 30 }), async (rows) => {
        expect(await read(build(rows))).toEqual(rows);
      }),
      { numRuns: 60 },
    );
  });

  it('keeps a double to its last digit', async () => {
    expect(await read(build([aRow({ real: 10.357019999999999 })]))).toMatchObject([{ real: 10.357019999999999 }]);
  });

  it('has the same bytes however the values were handed over', () => {
    const rows = Array.from({ length: 23 }, (_, nth) => aRow({ whole: nth, text: `t${nth % 3}` }));

    const whole = build(rows);

    for (const batches of [[1, 1, 1], [4, 4, 4], [5, 11], [22]]) expect(build(rows, batches)).toEqual(whole);
  });

  it('is cut in row groups that say their least and greatest time, and carries labels', async () => {
    const builder = new ParquetBuilder(columns, { rowGroupRows: 2, labels: { 'millrace.topic': 'flights.enriched' } });
    builder.append([aRow({ at: 5_000 }), aRow({ at: 3_000 }), aRow({ at: 9_000 })]);
    const bytes = builder.finish();

    const { row_groups: groups, created_by: creator } = parquetMetadata(new Uint8Array(bytes).buffer);
    const statistics = groups.map((group) => group.columns[4]?.meta_data?.statistics);
    expect(creator).toBe('millrace');
    expect(groups.map(({ num_rows: rows }) => rows)).toEqual([2n, 1n]);
    expect(statistics[0]).toMatchObject({ min_value: new Date(3_000), max_value: new Date(5_000) });
    expect((await readParquet('object', bytes)).labels).toEqual({ 'millrace.topic': 'flights.enriched' });
  });

  it('can be empty', async () => {
    expect(await read(build([]))).toEqual([]);
  });

  it.each([
    [{ whole: 1.5 }, "column 'whole' is no int32 but a number"],
    [{ whole: 2 ** 31 }, "column 'whole' is no int32 but a number"],
    [{ whole: null }, "column 'whole' is null, which it must not be"],
    [{ text: 7 }, "column 'text' is no string but a number"],
    [{ flag: undefined }, "column 'flag' is no boolean but absent"],
    [{ at: '2013-01-01' }, "column 'at' is no timestamp but a string"],
    [{ at: 0.5 }, "column 'at' is no timestamp but a number"],
  ])('takes none of the values when one does not fit: %j', async (misfit, reason) => {
    const builder = new ParquetBuilder(columns);
    builder.append([aRow({ whole: 1 })]);

    const found = builder.append([aRow({ whole: 2 }), aRow(misfit as Partial<Row>), aRow({ whole: 3 })]);
    builder.append([aRow({ whole: 4 })]);

    expect(found).toMatchObject({ index: 1, reason });
    expect((await read(builder.finish())).map(({ whole }) => whole)).toEqual([1, 4]);
  });

  it('says which column cannot be made of a value', () => {
    const builder = new ParquetBuilder(columns);

    expect(builder.append([null as unknown as Row])).toMatchObject({
      index: 0,
      reason: "column 'text' cannot be made of it",
      cause: expect.any(TypeError),
    });
  });
});

describe('reading a Parquet object', () => {
  it('can be limited to some columns', async () => {
    const { columns: found } = await readParquet('object', build([aRow()]), ['whole']);

    expect([...found.keys()]).toEqual(['whole']);
  });

  it.each([
    ['a column that it lacks', build([aRow()]), ['wrong'], /has no column wrong, only text, whole, real, flag, at/],
    ['bytes that are no Parquet', Buffer.from('no parquet here, not at all'), undefined, /cannot be read as Parquet/],
    ['half an object', build([aRow()]).slice(0, 200), undefined, /cannot be read as Parquet/],
  ])('fails for %s', async (_what, bytes, names, message) => {
    const reading = readParquet('object', bytes, names);

    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toMatchObject({ code: 'MR_ARCHIVE_CORRUPT', place: { key: 'object' } });
  });
});
