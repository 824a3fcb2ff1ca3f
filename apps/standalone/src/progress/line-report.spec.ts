import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@millrace/kernel';
import { LineReport } from './line-report.js';

describe('LineReport', () => {
  it('writes one line every two seconds with rate, lag and the time left', () => {
    const clock = new ManualClock();
    const lines: string[] = [];
    const report = new LineReport(clock, (line) => void lines.push(line));
    for (let second = 0; second <= 4; second++) {
      report.update({ published: second * 1000, total: 10_000, lag: 42, stage: 'replay' });
      clock.advance(1000);
    }
    expect(lines).toEqual([
      'replay: 2000 of 10000 events (20 %), 1000/s, lag 42, 8 s left\n',
      'replay: 4000 of 10000 events (40 %), 1000/s, lag 42, 6 s left\n',
    ]);
  });

  it('gives no estimate while nothing moves and none while draining', () => {
    const clock = new ManualClock();
    const lines: string[] = [];
    const report = new LineReport(clock, (line) => void lines.push(line));
    clock.advance(2000);
    report.update({ published: 0, total: 10, lag: 0, stage: 'replay' });
    clock.advance(2000);
    report.update({ published: 10, total: 10, lag: 5, stage: 'drain' });
    expect(lines[0]).toContain('no estimate yet');
    expect(lines[1]).toMatch(/^drain: 10 of 10 events \(100 %\), \d+\/s, lag 5\n$/);
  });
});
