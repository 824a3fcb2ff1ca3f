/** What kind of failure a database reports; decides whether the same call may succeed later. */
export const SQL_FAILURES = [
  'ConnectionLost',
  'Timeout',
  'SerializationConflict',
  'ResourcesExhausted',
  'UniqueViolation',
  'Constraint',
  'Permission',
  'Syntax',
  'Unknown',
] as const;

/** One of {@link SQL_FAILURES}. */
export type SqlFailure = (typeof SQL_FAILURES)[number];

/** SQLSTATEs whose class says something else, or nothing. */
const BY_CODE: Readonly<Record<string, SqlFailure>> = {
  '23505': 'UniqueViolation',
  // A primary became a standby under us: another connection finds the new primary.
  '25006': 'ConnectionLost',
  // The server ended an idle transaction together with its connection.
  '25P03': 'ConnectionLost',
  '40003': 'ConnectionLost',
  '42501': 'Permission',
  '44000': 'Constraint',
  '53300': 'ConnectionLost',
  '55P03': 'SerializationConflict',
  '57014': 'Timeout',
  '57P01': 'ConnectionLost',
  '57P02': 'ConnectionLost',
  '57P03': 'ConnectionLost',
  '57P05': 'ConnectionLost',
};

/** Classes of SQLSTATE (its first two characters), as in PostgreSQL's appendix A. */
const BY_CLASS: Readonly<Record<string, SqlFailure>> = {
  '08': 'ConnectionLost',
  '22': 'Constraint',
  '23': 'Constraint',
  '28': 'Permission',
  '3D': 'Syntax',
  '3F': 'Syntax',
  '40': 'SerializationConflict',
  '42': 'Syntax',
  '53': 'ResourcesExhausted',
};

/** Codes of Node's network errors. */
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** What `pg` and its pool say without a code. */
const BY_MESSAGE: readonly (readonly [RegExp, SqlFailure])[] = [
  [/query read timeout|timeout exceeded when trying to connect|connection timeout|timeout expired/i, 'Timeout'],
  [/connection terminated|connection ended|not queryable|client was closed|the pool/i, 'ConnectionLost'],
];

/** Classifies whatever a call to the database threw. */
export function classifySqlFailure(error: unknown): SqlFailure {
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code === 'string') {
    if (code === 'ETIMEDOUT') return 'Timeout';
    if (NETWORK.has(code)) return 'ConnectionLost';
    if (/^[0-9A-Z]{5}$/.test(code)) return BY_CODE[code] ?? BY_CLASS[code.slice(0, 2)] ?? 'Unknown';
  }
  return BY_MESSAGE.find(([pattern]) => pattern.test(String(message)))?.[1] ?? 'Unknown';
}

const RETRYABLE: ReadonlySet<SqlFailure> = new Set([
  'ConnectionLost',
  'Timeout',
  'SerializationConflict',
  'ResourcesExhausted',
]);

/** Whether the same call may succeed later. */
export function isRetryable(failure: SqlFailure): boolean {
  return RETRYABLE.has(failure);
}
