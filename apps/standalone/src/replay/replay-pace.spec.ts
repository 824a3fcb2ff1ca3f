import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@millrace/kernel';
import { ReplayPace } from './replay-pace.js';

const never = new AbortController().signal;

describe('ReplayPace', () => {
  it('publishes in full transactions without waiting when no rate is given', async () => {
    const pace = new ReplayPace(new ManualClock(), undefined);
    expect(pace.batch).toBe(2_500);
    pace.published(2_500);
    await pace.due(never);
  });

  it.each([
    [1, 1],
    [100, 10],
    [1_000_000, 2_500],
  ])('publishes ten times a second at %d events a second: %d each', (rate, batch) => {
    expect(new ReplayPace(new ManualClock(), rate).batch).toBe(batch);
  });

  it('waits until as many events are due as have been published', async () => {
    const clock = new ManualClock();
    const pace = new ReplayPace(clock, 100);
    await pace.due(never);
    pace.published(10);
    let isDue = false;
    const due = pace.due(never).then(() => (isDue = true));
    clock.advance(99);
    await Promise.resolve();
    expect(isDue).toBe(false);
    clock.advance(1);
    await due;
  });

  it('stops waiting when the run is interrupted', async () => {
    const pace = new ReplayPace(new ManualClock(), 1);
    await pace.due(never);
    pace.published(1);
    const interruption = new AbortController();
    const due = pace.due(interruption.signal);
    interruption.abort(new Error('interrupted'));
    await expect(due).rejects.toThrow('interrupted');
  });
});
