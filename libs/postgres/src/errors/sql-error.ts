import {
  FatalError,
  isMillraceError,
  RecordError,
  TransientError,
  type ErrorPlace,
  type MillraceError,
} from '@millrace/kernel';
import { classifySqlFailure } from './sql-state.js';

/** What to do about it; completes "… : ". */
const REMEDIES = {
  Permission: 'the database refuses the rights: grant the user what the migrations created',
  Syntax: 'table and statement do not fit: run the migrations, or mend the mapping',
  Unknown: 'the database failed in a way that nobody foresaw: see the cause',
} as const;

/**
 * The error of this library for whatever a call to the database threw; errors of Millrace pass unchanged.
 *
 * Messages hold SQLSTATE and constraint, never the statement's values.
 *
 * @param who Completes "… cannot write", or read.
 */
export function sqlError(
  error: unknown,
  who: string,
  place: ErrorPlace,
  what: 'write' | 'read' = 'write',
): MillraceError {
  if (isMillraceError(error)) return error;
  const failure = classifySqlFailure(error);
  const { code, constraint } = (error ?? {}) as { readonly code?: string; readonly constraint?: string };
  const options = { cause: error, place: { ...place, failure, ...(code === undefined ? {} : { sqlState: code }) } };
  const said = [failure, code, constraint].filter((part) => part !== undefined).join(' ');
  switch (failure) {
    case 'Timeout':
      return new TransientError(
        'MR_DEPENDENCY_TIMEOUT',
        `${who} cannot ${what}: PostgreSQL did not answer in time (${said})`,
        options,
      );
    case 'ConnectionLost':
    case 'SerializationConflict':
    case 'ResourcesExhausted':
      return new TransientError('MR_DEPENDENCY_UNAVAILABLE', `${who} cannot ${what} now (${said})`, options);
    case 'UniqueViolation':
    case 'Constraint':
      return new RecordError(
        'MR_SINK_REFUSED',
        `${who} cannot write a row: the table does not take it (${said})`,
        options,
      );
    case 'Permission':
    case 'Syntax':
    case 'Unknown':
      return new FatalError('MR_SINK_REFUSED', `${who} cannot ${what} (${said}): ${REMEDIES[failure]}`, options);
  }
}
