import { TransientError } from '@millrace/kernel';
import { bulkhead, isBulkheadRejectedError, type BulkheadPolicy } from 'cockatiel';
import { resilienceChannels } from '../diagnostics/channels.js';
import type { BulkheadOptions } from '../policy/policy-options.js';

/** Bounds how many calls run at once, so that a slow dependency cannot take all of a process: cockatiel's bulkhead. */
export class Bulkhead {
  readonly #policy: string;
  readonly #concurrency: number;
  readonly #queue: number;
  readonly #bulkhead: BulkheadPolicy;

  constructor(policy: string, { concurrency, queue = 0 }: BulkheadOptions) {
    this.#policy = policy;
    this.#concurrency = concurrency;
    this.#queue = queue;
    this.#bulkhead = bulkhead(concurrency, queue);
  }

  /**
   * @throws {TransientError} (retry) `MR_DEPENDENCY_UNAVAILABLE` when all places, also those of the queue, are taken; the
   *   signal's reason when it aborts while the call waits in the queue.
   */
  async execute<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    try {
      return await this.#bulkhead.execute(call, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw isBulkheadRejectedError(error) ? this.#fullError() : error;
    }
  }

  #fullError(): TransientError {
    const policy = this.#policy;
    resilienceChannels.bulkhead.publish({ policy, concurrency: this.#concurrency, queue: this.#queue });
    return new TransientError(
      'MR_DEPENDENCY_UNAVAILABLE',
      `all ${this.#concurrency} places and ${this.#queue} waiting places of the policy '${policy}' are taken: the other side is slow, or the bulkhead is too small`,
      { place: { policy } },
    );
  }
}
