/** Types of columns that a {@link TableMapping} can fill. */
export const COLUMN_TYPES = [
  'text',
  'integer',
  'bigint',
  'double precision',
  'numeric',
  'boolean',
  'date',
  'timestamptz',
  'uuid',
] as const;

/** One of {@link COLUMN_TYPES}. */
export type ColumnType = (typeof COLUMN_TYPES)[number];

/** A value of a column: times and dates as ISO 8601 text. */
export type ColumnValue = string | number | boolean | null;

/** A column and where its value comes from. */
export interface ColumnMapping<Source> {
  readonly name: string;
  readonly type: ColumnType;
  readonly of: (source: Source) => ColumnValue;
}

/**
 * How the records of a topic become rows: a record's key says which row, its value what the row holds, and a record without
 * value deletes the row.
 */
export interface TableMapping<K, V> {
  /** Name of the table; in lower case, letters, digits and `_`. */
  readonly table: string;
  /** The columns of the primary key, from the record's key. */
  readonly key: readonly [ColumnMapping<K>, ...ColumnMapping<K>[]];
  /** All other columns, from the record's value. */
  readonly values: readonly [ColumnMapping<V>, ...ColumnMapping<V>[]];
  /** Column of the key, of type `timestamptz` or `date`, by whose months the table is partitioned. Default: it is not. */
  readonly partitionedByMonthOf?: string;
}

const NAME = /^[a-z_][a-z0-9_]{0,62}$/;

/** Everything that is wrong with a mapping; empty when it can be used. */
export function checkMapping<K, V>({ table, key, values, partitionedByMonthOf }: TableMapping<K, V>): string[] {
  const names = [...key, ...values].map(({ name }) => name);
  const problems = [table, ...names]
    .filter((name) => !NAME.test(name))
    .map((name) => `'${name}' is not a plain name: use lower-case letters, digits and _`);
  for (const name of new Set(names.filter((each, nth) => names.indexOf(each) !== nth))) {
    problems.push(`column '${name}' is mapped twice`);
  }
  if (partitionedByMonthOf !== undefined) {
    const column = key.find(({ name }) => name === partitionedByMonthOf);
    if (column?.type !== 'timestamptz' && column?.type !== 'date') {
      problems.push(`partitionedByMonthOf: '${partitionedByMonthOf}' is no timestamptz or date column of the key`);
    }
  }
  return problems;
}
