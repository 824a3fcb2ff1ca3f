import type { Clock } from '@millrace/kernel';
import { SingleBar } from 'cli-progress';
import { ProgressRate } from './progress-rate.js';
import type { ProgressReport, ProgressSample } from './progress-report.js';

/** A progress bar with rate, lag and time left, for a terminal. */
export class BarReport implements ProgressReport {
  readonly #bar: SingleBar;
  readonly #rate: ProgressRate;
  #isOpen = false;

  constructor(clock: Clock, stream: NodeJS.WritableStream) {
    this.#rate = new ProgressRate(clock);
    this.#bar = new SingleBar({
      format: ' {stage} [{bar}] {percentage} % | {value}/{total} events | {rate}/s | lag {lag} | {left}',
      barCompleteChar: '█',
      barIncompleteChar: '░',
      hideCursor: true,
      fps: 10,
      stream,
    });
  }

  update(sample: ProgressSample): void {
    this.#rate.sample(sample.published);
    const eta = this.#rate.etaSeconds(sample.total - sample.published);
    const payload = {
      stage: sample.stage,
      rate: Math.round(this.#rate.perSecond),
      lag: sample.lag,
      left: sample.stage === 'drain' ? 'draining' : eta === undefined ? '' : `${eta} s left`,
    };
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.#bar.start(sample.total, sample.published, payload);
    }
    this.#bar.update(sample.published, payload);
  }

  close(): void {
    if (this.#isOpen) this.#bar.stop();
    this.#isOpen = false;
  }
}
