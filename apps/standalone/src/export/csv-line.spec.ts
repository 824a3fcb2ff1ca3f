import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CsvTable } from '../data/csv-table.js';
import { csvLine } from './csv-line.js';

describe('a line of an export', () => {
  it('writes numbers as the data has them and leaves null empty', () => {
    expect(csvLine(['UA', 1545, 39.02, 10.357019999999999, null, undefined, 0])).toBe(
      'UA,1545,39.02,10.357019999999999,,,0\n',
    );
  });

  it('quotes only where it must', () => {
    expect(csvLine(['a b', 'a,b', 'a"b', 'a\nb'])).toBe('a b,"a,b","a""b","a\nb"\n');
  });

  it('is read back as it was', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', 'é', ' ') });
    fc.assert(
      fc.property(text, text, (left, right) => {
        const table = CsvTable.parse('x', Buffer.from(csvLine(['l', 'r', 'end']) + csvLine([left, right, '.'])));
        expect([table.text(0, 0), table.text(0, 1)]).toEqual([left, right]);
      }),
    );
  });
});
