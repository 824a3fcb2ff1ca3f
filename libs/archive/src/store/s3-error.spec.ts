import { describe, expect, it } from '@jest/globals';
import { s3Error } from './s3-error.js';

/** An error as the SDK throws it. */
function answered(name: string, httpStatusCode: number): Error {
  return Object.assign(new Error('told by S3'), { name, $metadata: { httpStatusCode } });
}

describe('the error for a failed call to S3', () => {
  it.each([
    ['InternalError', 500],
    ['SlowDown', 503],
    ['ConditionalRequestConflict', 409],
    // Their status blames the caller, who has done nothing wrong.
    ['RequestTimeout', 400],
    ['NoSuchUpload', 404],
  ])('says of %s (%i) that it may be tried again', (name, status) => {
    expect(s3Error(answered(name, status), 'archive', 'a/b')).toMatchObject({
      code: 'MR_DEPENDENCY_UNAVAILABLE',
      disposition: 'retry',
      place: { bucket: 'archive', key: 'a/b', status },
    });
  });

  it.each([
    ['NoSuchBucket', 404],
    ['AccessDenied', 403],
    ['InvalidArgument', 400],
  ])('says of %s (%i) that somebody has to mend it', (name, status) => {
    expect(s3Error(answered(name, status), 'archive', 'a/b')).toMatchObject({
      code: 'MR_SINK_REFUSED',
      disposition: 'stop-app',
    });
  });
});
