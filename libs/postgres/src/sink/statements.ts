import type { ColumnMapping, TableMapping } from './table-mapping.js';

/** The SQL that a table mapping needs; golden files hold what they look like. */
export interface TableStatements {
  /** Takes one array a column, keys first. */
  readonly upsert: string;
  /** Takes one array a key column. */
  readonly remove: string;
}

type Column = Pick<ColumnMapping<never>, 'name' | 'type'>;

/** The statements for a mapping. Names are plain (`checkMapping`), so they need no quotes. */
export function statementsFor<K, V>({ table, key, values }: TableMapping<K, V>): TableStatements {
  const columns: readonly Column[] = [...key, ...values];
  const list = (of: readonly Column[]): string => of.map(({ name }) => name).join(', ');
  const arrays = (of: readonly Column[]): string => of.map(({ type }, nth) => `$${nth + 1}::${type}[]`).join(', ');
  return {
    upsert: [
      `INSERT INTO ${table} (${list(columns)})`,
      `SELECT * FROM unnest(${arrays(columns)})`,
      `ON CONFLICT (${list(key)}) DO UPDATE SET`,
      `  ${values.map(({ name }) => `${name} = EXCLUDED.${name}`).join(', ')}`,
    ].join('\n'),
    remove: [
      `DELETE FROM ${table} USING unnest(${arrays(key)}) AS gone (${list(key)})`,
      `WHERE ${key.map(({ name }) => `${table}.${name} = gone.${name}`).join(' AND ')}`,
    ].join('\n'),
  };
}

/** Takes the offset row of a partition for a new owner: whoever had it is fenced by the higher epoch. */
export const TAKE_OFFSET_ROW = [
  'INSERT INTO sink_offset (sink, topic, partition, epoch, member, generation)',
  'VALUES ($1, $2, $3, 1, $4, $5)',
  'ON CONFLICT (sink, topic, partition) DO UPDATE SET',
  '  epoch = sink_offset.epoch + 1, member = EXCLUDED.member, generation = EXCLUDED.generation, updated_at = now()',
  'RETURNING next_offset, epoch',
].join('\n');

/** Moves the offset on, only for its owner and only from where the owner left it. */
export const ADVANCE_OFFSET_ROW = [
  'UPDATE sink_offset SET next_offset = $1, updated_at = now()',
  'WHERE sink = $2 AND topic = $3 AND partition = $4 AND epoch = $5 AND next_offset IS NOT DISTINCT FROM $6',
].join('\n');

/** What stands in the offset row. */
export const READ_OFFSET_ROW =
  'SELECT next_offset, epoch, member FROM sink_offset WHERE sink = $1 AND topic = $2 AND partition = $3';
