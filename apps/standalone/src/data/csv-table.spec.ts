import { describe, expect, it } from '@jest/globals';
import { RunFailure } from '../cli/run-failure.js';
import { CsvTable } from './csv-table.js';

function rowsOf(text: string): string[][] {
  const table = CsvTable.parse('test.csv', Buffer.from(text));
  const columns = ['a', 'b'].map((name) => table.column(name));
  return Array.from({ length: table.rowCount }, (_, row) => columns.map((column) => table.text(row, column)));
}

describe('CsvTable', () => {
  it('reads plain fields by the names in the header', () => {
    expect(rowsOf('b,a\n1,2\n3,4\n')).toEqual([
      ['2', '1'],
      ['4', '3'],
    ]);
  });

  it.each([
    ['no line break at the end', 'a,b\n1,2'],
    ['Windows line ends', 'a,b\r\n1,2\r\n'],
    ['blank lines at the end', 'a,b\n1,2\n\n\r\n'],
    ['a byte order mark', '\ufeffa,b\n1,2\n'],
    ['quotes around everything', '"a","b"\r\n"1","2"\r\n'],
  ])('takes %s', (_, text) => {
    expect(rowsOf(text)).toEqual([['1', '2']]);
  });

  it('keeps commas, line breaks and doubled quotes of quoted fields', () => {
    expect(rowsOf('a,b\n"x, y","line\nbreak"\n"say ""no""",""\n')).toEqual([
      ['x, y', 'line\nbreak'],
      ['say "no"', ''],
    ]);
  });

  it('keeps empty fields and text beyond ASCII', () => {
    expect(rowsOf('a,b\n,Málaga\n,\n')).toEqual([
      ['', 'Málaga'],
      ['', ''],
    ]);
  });

  it.each([
    ['', /test\.csv is empty/],
    ['a,b\n1,2\n1\n', /test\.csv, line 3: 1 fields where the header names 2/],
    ['a,b\n"1,2\n', /test\.csv, line 2: a quoted field is not closed/],
    ['a,b\n"1"2,3\n', /test\.csv, line 2: a quoted field is not closed/],
  ])('refuses %j and says where', (text, message) => {
    expect(() => rowsOf(text)).toThrow(message);
    expect(() => rowsOf(text)).toThrow(RunFailure);
  });

  it('names the columns that there are when one is missing', () => {
    const table = CsvTable.parse('test.csv', Buffer.from('x,y\n'));
    expect(() => table.column('a')).toThrow("test.csv has no column 'a', only x, y.");
  });
});
