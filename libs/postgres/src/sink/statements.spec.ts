import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { hourlyTable } from '../../test/example-table.js';
import { ADVANCE_OFFSET_ROW, READ_OFFSET_ROW, statementsFor, TAKE_OFFSET_ROW } from './statements.js';
import { checkMapping } from './table-mapping.js';

describe('the SQL of the writer', () => {
  it('is as the golden file has it', async () => {
    const { upsert, remove } = statementsFor(hourlyTable);
    const golden = await readFile(new URL('../../test/golden/writer.sql', import.meta.url), 'utf8');

    const statements = { upsert, remove, TAKE_OFFSET_ROW, ADVANCE_OFFSET_ROW, READ_OFFSET_ROW };
    const text = Object.entries(statements).map(([name, sql]) => `-- ${name}\n${sql};\n`);
    expect(text.join('\n')).toBe(golden);
  });
});

describe('the check of a table mapping', () => {
  it('finds nothing in a mapping that can be used', () => {
    expect(checkMapping(hourlyTable)).toEqual([]);
  });

  it('lists all problems at once', () => {
    const [origin, hour] = hourlyTable.key as [(typeof hourlyTable.key)[0], (typeof hourlyTable.key)[0]];

    const problems = checkMapping({
      ...hourlyTable,
      table: 'airport hourly; --',
      key: [origin, hour, origin],
      partitionedByMonthOf: 'origin',
    });

    expect(problems).toEqual([
      expect.stringContaining("'airport hourly; --' is not a plain name"),
      "column 'origin' is mapped twice",
      expect.stringContaining("'origin' is no timestamptz or date column"),
    ]);
  });
});
