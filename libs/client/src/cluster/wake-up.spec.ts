import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@millrace/kernel';
import { WakeUp } from './wake-up.js';

describe('WakeUp', () => {
  it('wakes once, at the earliest of the moments', () => {
    const clock = new ManualClock(5_000);
    const woken: number[] = [];
    const wakeUp = new WakeUp(clock, () => woken.push(clock.monotonicMs()));

    for (const moment of [300, 100, 200]) wakeUp.at(moment);
    clock.advance(1_000);
    wakeUp.at(1_500);
    clock.advance(1_000);

    expect(woken).toEqual([100, 1_500]);
  });

  it('does not wake after it was cancelled', () => {
    const clock = new ManualClock();
    const wakeUp = new WakeUp(clock, () => {
      throw new Error('woken');
    });

    wakeUp.at(100);
    wakeUp.cancel();

    expect(() => clock.advance(1_000)).not.toThrow();
  });
});
