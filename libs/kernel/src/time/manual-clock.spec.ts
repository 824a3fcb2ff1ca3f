import { describe, expect, it } from '@jest/globals';
import { ManualClock } from './manual-clock.js';

describe('ManualClock', () => {
  it('fires timers in order of their due time, each at its own moment', () => {
    const clock = new ManualClock(1_000);
    const fired: [string, number][] = [];
    clock.setTimer(20, () => fired.push(['second', clock.nowMs()]));
    clock.setTimer(10, () => fired.push(['first', clock.nowMs()]));

    clock.advance(30);

    expect(fired).toEqual([
      ['first', 1_010],
      ['second', 1_020],
    ]);
    expect(clock.nowMs()).toBe(1_030);
  });

  it('fires a timer that another timer armed, when it too is due', () => {
    const clock = new ManualClock();
    const fired: number[] = [];
    clock.setTimer(5, () => clock.setTimer(5, () => fired.push(clock.nowMs())));

    clock.advance(10);

    expect(fired).toEqual([10]);
  });

  it('never fires a cancelled timer', () => {
    const clock = new ManualClock();
    const fired: number[] = [];
    const timer = clock.setTimer(5, () => fired.push(clock.nowMs()));

    timer.cancel();
    clock.advance(10);

    expect(fired).toEqual([]);
    expect(clock.nextTimerMs()).toBeUndefined();
  });
});
