import { describe, expect, it } from '@jest/globals';
import { sqlError } from './sql-error.js';
import { classifySqlFailure, isRetryable, type SqlFailure } from './sql-state.js';

const withCode = (code: string): Error => Object.assign(new Error('says nothing'), { code });

/** SQLSTATE or Node's code, what it is, and whether to try again. */
const CODES: readonly (readonly [string, SqlFailure, boolean])[] = [
  ['08000', 'ConnectionLost', true],
  ['08006', 'ConnectionLost', true],
  ['57P01', 'ConnectionLost', true],
  ['57P03', 'ConnectionLost', true],
  ['53300', 'ConnectionLost', true],
  ['25006', 'ConnectionLost', true],
  ['25P03', 'ConnectionLost', true],
  ['40003', 'ConnectionLost', true],
  ['ECONNREFUSED', 'ConnectionLost', true],
  ['ECONNRESET', 'ConnectionLost', true],
  ['EPIPE', 'ConnectionLost', true],
  ['ENOTFOUND', 'ConnectionLost', true],
  ['57014', 'Timeout', true],
  ['ETIMEDOUT', 'Timeout', true],
  ['40001', 'SerializationConflict', true],
  ['40P01', 'SerializationConflict', true],
  ['55P03', 'SerializationConflict', true],
  ['53100', 'ResourcesExhausted', true],
  ['53200', 'ResourcesExhausted', true],
  ['23505', 'UniqueViolation', false],
  ['23502', 'Constraint', false],
  ['23503', 'Constraint', false],
  ['23514', 'Constraint', false],
  ['22003', 'Constraint', false],
  ['22021', 'Constraint', false],
  ['44000', 'Constraint', false],
  ['42501', 'Permission', false],
  ['28P01', 'Permission', false],
  ['42601', 'Syntax', false],
  ['42P01', 'Syntax', false],
  ['42703', 'Syntax', false],
  ['3D000', 'Syntax', false],
  ['XX000', 'Unknown', false],
  ['P0001', 'Unknown', false],
];

describe('the classifier of database failures', () => {
  it.each(CODES)('takes %s for %s, to be tried again: %s', (code, failure, retry) => {
    expect(classifySqlFailure(withCode(code))).toBe(failure);
    expect(isRetryable(failure)).toBe(retry);
  });

  it.each([
    ['Connection terminated unexpectedly', 'ConnectionLost'],
    ['Client has encountered a connection error and is not queryable', 'ConnectionLost'],
    ['Query read timeout', 'Timeout'],
    ['timeout exceeded when trying to connect', 'Timeout'],
    ['something else', 'Unknown'],
  ])('knows what pg says without a code: %s', (message, failure) => {
    expect(classifySqlFailure(new Error(message))).toBe(failure);
  });

  it('takes whatever is thrown', () => {
    expect([undefined, null, 'text', 7].map(classifySqlFailure)).toEqual(Array(4).fill('Unknown'));
  });
});

describe('the error of a database failure', () => {
  it.each([
    ['ECONNRESET', 'MR_DEPENDENCY_UNAVAILABLE', 'retry'],
    ['57014', 'MR_DEPENDENCY_TIMEOUT', 'retry'],
    ['23514', 'MR_SINK_REFUSED', 'dead-letter'],
    ['42P01', 'MR_SINK_REFUSED', 'stop-app'],
    ['XX000', 'MR_SINK_REFUSED', 'stop-app'],
  ])('%s is %s: %s', (code, expected, disposition) => {
    expect(sqlError(withCode(code), 'the sink', { topic: 't' })).toMatchObject({
      code: expected,
      disposition,
      place: { topic: 't', sqlState: code },
    });
  });

  it('names the constraint and never a value', () => {
    const cause = Object.assign(new Error('Failing row contains (secret)'), { code: '23514', constraint: 'positive' });

    const error = sqlError(cause, "the sink 'hours'", {});

    expect(error.message).toBe(
      "the sink 'hours' cannot write a row: the table does not take it (Constraint 23514 positive)",
    );
  });

  it('leaves an error of Millrace as it is', () => {
    const own = sqlError(withCode('40001'), 'x', {});

    expect(sqlError(own, 'y', {})).toBe(own);
  });
});
