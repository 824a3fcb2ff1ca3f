/** Tables of the in-memory database in which expected and exported rows are compared. */
import { DatabaseSync } from 'node:sqlite';

/** Opens an empty database in memory. */
export function openDatabase() {
  return new DatabaseSync(':memory:');
}

/**
 * Creates a table and fills it with rows of text.
 *
 * A field that is in `nulls` becomes NULL. A number of an INTEGER or REAL column becomes one; whatever is no number there
 * stays text, so that it differs from every number and is shown as it stands.
 *
 * @param {import('node:sqlite').DatabaseSync} database
 * @param {string} table
 * @param {Record<string, 'TEXT' | 'INTEGER' | 'REAL'>} columns
 * @param {string[][]} rows
 * @param {{ nulls: ReadonlySet<string>, positions: number[] }} reading Which field of a row is which column.
 */
export function fillTable(database, table, columns, rows, { nulls, positions }) {
  const types = Object.values(columns);
  const names = Object.keys(columns);
  database.exec(`CREATE TABLE ${table} (line INTEGER, ${names.map((name) => `"${name}" ANY`).join(', ')}) STRICT`);
  const insert = database.prepare(`INSERT INTO ${table} VALUES (?${', ?'.repeat(names.length)})`);
  database.exec('BEGIN');
  rows.forEach((row, index) => {
    const values = positions.map((position, column) => valueOf(row[position], types[column], nulls));
    insert.run(index + 2, ...values);
  });
  database.exec('COMMIT');
}

function valueOf(text, type, nulls) {
  if (text === undefined || nulls.has(text)) return null;
  if (type === 'TEXT') return text;
  const pattern = type === 'INTEGER' ? /^-?\d+$/ : /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/;
  return pattern.test(text) ? Number(text) : text;
}
