import { RpcException } from '@nestjs/microservices';

/** A record of a batch that failed. */
export interface FailedRecord {
  /** Its place in the batch, from 0. */
  readonly index: number;
  readonly error: unknown;
}

/**
 * Says which records of a batch have failed, so that the others are not handled again.
 *
 * ```ts
 * throw BatchFailedException.at(3, error); // 0 to 2 are done, 3 has failed, what follows was not tried
 * throw BatchFailedException.of([{ index: 3, error }]); // 3 has failed, all others are done
 * ```
 *
 * `at` keeps the order of records (Spring: `BatchListenerFailedException`); with `of` a failed record comes after those that
 * followed it.
 */
export class BatchFailedException extends RpcException {
  readonly failures: readonly FailedRecord[];
  /** Records from here on were not handled; the size of the batch when all were. */
  readonly untriedFrom: number;

  private constructor(failures: readonly FailedRecord[], untriedFrom: number) {
    super('records of a batch have failed');
    this.failures = failures;
    this.untriedFrom = untriedFrom;
  }

  /** Everything before `index` is done, it has failed, and nothing after it was tried. */
  static at(index: number, error: unknown): BatchFailedException {
    return new BatchFailedException([{ index, error }], index + 1);
  }

  /** These have failed and all others are done. */
  static of(failures: readonly FailedRecord[]): BatchFailedException {
    return new BatchFailedException(failures, Infinity);
  }

  /** Lets Nest's exception layer pass the exception on as it is. */
  override getError(): this {
    return this;
  }
}
