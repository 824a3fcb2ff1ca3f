/** Compares an exported table with the expected one, row by row. */
import { readCsv } from './csv-file.mjs';
import { EXPORTS } from './expected.mjs';
import { fillTable } from './tables.mjs';

const SHOWN = 5;

/**
 * Loads `<exportDir>/<name>.csv` into `actual_<name>` and compares it with `expected_<name>`.
 *
 * @param {import('node:sqlite').DatabaseSync} database
 * @param {keyof typeof EXPORTS} name
 * @param {string} exportDir
 * @param {import('./checks.mjs').Checks} checks
 */
export async function compareExport(database, name, exportDir, checks) {
  const { columns, key } = EXPORTS[name];
  const { header, rows } = await readCsv(exportDir, name);
  const wanted = Object.keys(columns).join(',');
  checks.equal(`${name}: columns`, header.join(','), wanted);
  if (header.join(',') !== wanted) return;
  const odd = rows.findIndex((row) => row.length !== header.length);
  checks.that(`${name}: every row has ${header.length} fields`, odd < 0, () => [
    `line ${odd + 2}: ${rows[odd].join(',')}`,
  ]);

  const positions = header.map((_, position) => position);
  fillTable(database, `actual_${name}`, columns, rows, { nulls: new Set(['']), positions });
  database.exec(`CREATE INDEX actual_${name}_key ON actual_${name} (${key.join(', ')})`);

  const expectedRows = database.prepare(`SELECT count(*) AS rows FROM expected_${name}`).get().rows;
  checks.equal(`${name}: rows`, rows.length, expectedRows);
  for (const [what, sql] of Object.entries(differences(name))) {
    const found = database.prepare(`SELECT count(*) AS rows FROM (${sql})`).get().rows;
    checks.that(`${name}: no row is ${what}`, found === 0, () => [
      `${found} row(s) ${what}, the first of them:`,
      ...database
        .prepare(`${sql} LIMIT ${SHOWN}`)
        .all()
        .map((row) => describeRow(row)),
    ]);
  }
}

function differences(name) {
  const { columns, key } = EXPORTS[name];
  const values = Object.keys(columns).filter((column) => !key.includes(column));
  const matches = key.map((column) => `a.${column} IS e.${column}`).join(' AND ');
  const order = `ORDER BY ${key.join(', ')}`;
  const pairs = values.map((column) => `e.${column} AS "expected ${column}", a.${column} AS "exported ${column}"`);
  return {
    missing: `SELECT e.* FROM expected_${name} e WHERE NOT EXISTS (SELECT 1 FROM actual_${name} a WHERE ${matches}) ${order}`,
    unexpected: `SELECT a.* FROM actual_${name} a WHERE NOT EXISTS (SELECT 1 FROM expected_${name} e WHERE ${matches}) ORDER BY line`,
    doubled: `SELECT ${key.join(', ')}, count(*) AS times, min(line) AS "first line" FROM actual_${name} GROUP BY ${key.join(', ')} HAVING count(*) > 1 ${order}`,
    changed: `SELECT a.line, ${key.map((column) => `e.${column}`).join(', ')}, ${pairs.join(', ')}
      FROM expected_${name} e JOIN actual_${name} a ON ${matches}
      WHERE ${values.map((column) => `a.${column} IS NOT e.${column}`).join(' OR ')} ORDER BY a.line`,
  };
}

/** Columns in which expected and exported agree are left out. */
function describeRow(row) {
  const fields = Object.entries(row).filter(([column, value]) => {
    const other = /^(expected|exported) (.*)$/.exec(column);
    return other === null || row[`${other[1] === 'expected' ? 'exported' : 'expected'} ${other[2]}`] !== value;
  });
  return fields.map(([column, value]) => `${column}=${value === null ? '(empty)' : value}`).join('  ');
}
