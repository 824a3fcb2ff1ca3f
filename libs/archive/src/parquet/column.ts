/**
 * Types of columns, by what Parquet calls them; `timestamp` is milliseconds since the epoch, in UTC.
 *
 * In memory: `string` a string, `int32` and `double` a number, `boolean` a boolean, `timestamp` a number of milliseconds.
 */
export const COLUMN_TYPES = ['string', 'int32', 'double', 'boolean', 'timestamp'] as const;

/** One of {@link COLUMN_TYPES}. */
export type ColumnType = (typeof COLUMN_TYPES)[number];

/** A value in a column. */
export type ColumnValue = string | number | boolean | null;

/** A column of the archived objects, and where its value comes from. */
export interface Column<V> {
  readonly name: string;
  readonly type: ColumnType;
  /** Whether null is a value. Default true. */
  readonly nullable?: boolean;
  /**
   * Whether each row group says its least and greatest value, by which readers skip groups: worth it where neighbours are
   * alike. Default: for timestamps.
   */
  readonly statistics?: boolean;
  readonly of: (value: V) => ColumnValue;
}

const FITS: Readonly<Record<ColumnType, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  int32: (value) => typeof value === 'number' && (value | 0) === value,
  double: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  timestamp: (value) => Number.isSafeInteger(value),
};

/** Why a value cannot stand in a column; undefined when it can. Never holds the value. */
export function whyNot<V>({ name, type, nullable }: Column<V>, value: unknown): string | undefined {
  if (value === null) return nullable === false ? `column '${name}' is null, which it must not be` : undefined;
  return FITS[type](value)
    ? undefined
    : `column '${name}' is no ${type} but ${value === undefined ? 'absent' : `a ${typeof value}`}`;
}
