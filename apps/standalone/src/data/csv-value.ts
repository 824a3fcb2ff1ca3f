import { dataFailure } from '../cli/run-failure.js';

/** How the data marks a value that is not there. */
const NOT_AVAILABLE = 'NA';

/** A text, or null where the data says `NA` or nothing. */
export function textOrNull(field: string): string | null {
  return field === NOT_AVAILABLE || field === '' ? null : field;
}

/**
 * A number, or null where the data says `NA` or nothing.
 *
 * @throws {RunFailure} with the exit code for unreadable data when it is neither.
 */
export function numberOrNull(field: string, column: string): number | null {
  if (field === NOT_AVAILABLE || field === '') return null;
  const value = Number(field);
  if (!Number.isNaN(value)) return value;
  throw dataFailure(`'${field}' in column ${column} is not a number. Mend the file, or write NA where there is no value.`);
}

/** A number that must be there. @throws {RunFailure} as {@link numberOrNull}, also when there is none. */
export function requiredNumber(field: string, column: string): number {
  const value = numberOrNull(field, column);
  if (value !== null) return value;
  throw dataFailure(`A row has no value in column ${column}, which every row needs. Mend the file.`);
}
