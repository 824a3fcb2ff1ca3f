import type { Clock } from '@millrace/kernel';

/** Output records that call for a commit before the interval is over: a transaction holds memory here and in its readers. */
const MAX_RECORDS_PER_COMMIT = 200_000;

/** What a thread has done since its last commit, and whether it is time for the next one. */
export class CommitLedger {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #recordsSent: () => number;
  #processed = 0;
  #hasAdvancedTime = false;
  #sentAtCommit = 0;
  #lastMs: number;

  /** @param recordsSent Output records that the thread has ever sent. */
  constructor(clock: Clock, intervalMs: number, recordsSent: () => number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#recordsSent = recordsSent;
    this.#lastMs = clock.monotonicMs();
  }

  /** Input records since the last commit. */
  get recordsIn(): number {
    return this.#processed;
  }

  /** Output records since the last commit. */
  get recordsOut(): number {
    return this.#recordsSent() - this.#sentAtCommit;
  }

  /** Whether a commit would change anything. */
  get isDirty(): boolean {
    return this.#processed > 0 || this.#hasAdvancedTime || this.recordsOut > 0;
  }

  /** Whether it is time to commit. */
  get isDue(): boolean {
    return this.isDirty && (this.ageMs >= this.#intervalMs || this.isFull);
  }

  /** Whether there is so much to commit that no more should be added. */
  get isFull(): boolean {
    return this.recordsOut >= MAX_RECORDS_PER_COMMIT;
  }

  /** Time since the last commit, in milliseconds. */
  get ageMs(): number {
    return this.#clock.monotonicMs() - this.#lastMs;
  }

  /** Time until a commit may be due, in milliseconds; `Infinity` while there is nothing to commit. */
  get dueInMs(): number {
    return this.isDirty ? Math.max(0, this.#intervalMs - this.ageMs) : Infinity;
  }

  /** Input records were processed. */
  add(records: number): void {
    this.#processed += records;
  }

  /** Stream time was advanced over an idle input: to be committed although no offset has moved. */
  advancedTime(): void {
    this.#hasAdvancedTime = true;
  }

  /** Everything was committed, or given up. */
  clear(): void {
    this.#processed = 0;
    this.#hasAdvancedTime = false;
    this.#sentAtCommit = this.#recordsSent();
    this.#lastMs = this.#clock.monotonicMs();
  }
}
