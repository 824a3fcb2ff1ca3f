import type { Clock, Timer } from '@millrace/kernel';
import type { Terminal } from '../run/terminal.js';
import { BarReport } from './bar-report.js';
import { LineReport } from './line-report.js';
import type { ProgressReport, ProgressSample } from './progress-report.js';

const EVERY_MS = 200;

/** Shows progress until it is closed: a bar on a terminal, plain lines elsewhere. */
export function showProgress(terminal: Terminal, clock: Clock, sample: () => ProgressSample): { close(): void } {
  const report: ProgressReport =
    terminal.screen === undefined ? new LineReport(clock, terminal.err) : new BarReport(clock, terminal.screen);
  let timer: Timer;
  const update = (): void => {
    report.update(sample());
    timer = clock.setTimer(EVERY_MS, update, { unref: true });
  };
  update();
  return {
    close: () => {
      timer.cancel();
      report.close();
    },
  };
}
