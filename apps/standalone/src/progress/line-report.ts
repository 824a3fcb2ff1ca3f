import type { Clock } from '@millrace/kernel';
import { ProgressRate } from './progress-rate.js';
import type { ProgressReport, ProgressSample } from './progress-report.js';

const EVERY_MS = 2_000;

/** One plain line about every two seconds, for logs and pipes. */
export class LineReport implements ProgressReport {
  readonly #clock: Clock;
  readonly #write: (text: string) => void;
  readonly #rate: ProgressRate;
  #nextMs: number;

  constructor(clock: Clock, write: (text: string) => void) {
    this.#clock = clock;
    this.#write = write;
    this.#rate = new ProgressRate(clock);
    this.#nextMs = clock.monotonicMs() + EVERY_MS;
  }

  update(sample: ProgressSample): void {
    this.#rate.sample(sample.published);
    if (this.#clock.monotonicMs() < this.#nextMs) return;
    this.#nextMs = this.#clock.monotonicMs() + EVERY_MS;
    this.#write(progressLine(sample, this.#rate));
  }

  close(): void {}
}

/** `replay: 120000 of 362891 events (33 %), 30012/s, lag 8123, 9 s left`. */
function progressLine(sample: ProgressSample, rate: ProgressRate): string {
  const { published, total, lag, stage } = sample;
  const share = total === 0 ? 100 : Math.floor((published * 100) / total);
  const eta = rate.etaSeconds(total - published);
  const left = stage === 'drain' ? '' : `, ${eta === undefined ? 'no estimate yet' : `${eta} s left`}`;
  return `${stage}: ${published} of ${total} events (${share} %), ${Math.round(rate.perSecond)}/s, lag ${lag}${left}\n`;
}
