import { FatalError, isMillraceError, TransientError, type MillraceError } from '@millrace/kernel';

/** The HTTP status that a failed call was answered with; undefined when there was no answer. */
export function s3Status(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}

/**
 * What S3 means to be tried again though its status says that the caller is wrong: a body that came too slowly (400), and an upload that
 * somebody has given up, the next owner of a partition for instance (404). The next try begins a new one.
 */
const PASSING = new Set(['RequestTimeout', 'NoSuchUpload']);

/** The error of this library for a failed call to S3. */
export function s3Error(error: unknown, bucket: string, key: string): MillraceError {
  if (isMillraceError(error)) return error;
  const status = s3Status(error);
  const name = error instanceof Error ? error.name : 'unknown';
  const what = `the bucket '${bucket}' cannot handle '${key}' (${name}${status === undefined ? '' : `, HTTP ${status}`})`;
  const options = { cause: error, place: { bucket, key, ...(status === undefined ? {} : { status }) } };
  if (name === 'TimeoutError' || name === 'AbortError') {
    return new TransientError('MR_DEPENDENCY_TIMEOUT', `${what}: no answer in time`, options);
  }
  // 409: two conditional writes met; S3 asks to try again.
  if (
    PASSING.has(name) ||
    status === undefined ||
    status === 408 ||
    status === 409 ||
    status === 429 ||
    status >= 500
  ) {
    return new TransientError('MR_DEPENDENCY_UNAVAILABLE', what, options);
  }
  return new FatalError(
    'MR_SINK_REFUSED',
    `${what}: check that the bucket exists, the credentials and their rights`,
    options,
  );
}
