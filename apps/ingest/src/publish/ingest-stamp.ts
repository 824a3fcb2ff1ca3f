import type { Clock } from '@millrace/kernel';
import type { RecordHeader } from '@millrace/protocol';

/** The header that says when a record came in: milliseconds since the epoch as ASCII digits. */
export const INGESTED_AT_HEADER = 'ingested-at';

/** The headers of records that come in now; made once a millisecond, however many come in. */
export class IngestStamp {
  readonly #clock: Clock;
  #atMs = -1;
  #headers: readonly RecordHeader[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  headers(): readonly RecordHeader[] {
    const nowMs = this.#clock.nowMs();
    if (nowMs !== this.#atMs) {
      this.#atMs = nowMs;
      this.#headers = [{ key: INGESTED_AT_HEADER, value: Buffer.from(String(nowMs), 'latin1') }];
    }
    return this.#headers;
  }
}
