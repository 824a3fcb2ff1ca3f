import { FatalError, isMillraceError, TransientError, type MillraceError } from '@millrace/kernel';

/** The HTTP status that a failed call was answered with; undefined when there was no answer. */
export function s3Status(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}

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
  if (status === undefined || status === 408 || status === 409 || status === 429 || status >= 500) {
    return new TransientError('MR_DEPENDENCY_UNAVAILABLE', what, options);
  }
  return new FatalError(
    'MR_SINK_REFUSED',
    `${what}: check that the bucket exists, the credentials and their rights`,
    options,
  );
}
