import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '@millrace/kernel';
import { Backoff } from './backoff.js';

describe('Backoff', () => {
  it('doubles its bound with each failure, stays in the upper half of it and never passes the cap', () => {
    const backoff = new Backoff(new SeededRandom(7), { initialMs: 100, maxMs: 1_000 });

    const delays = Array.from({ length: 6 }, () => backoff.nextMs());

    [100, 200, 400, 800, 1_000, 1_000].forEach((bound, nth) => {
      expect(delays[nth]).toBeGreaterThanOrEqual(bound / 2);
      expect(delays[nth]).toBeLessThanOrEqual(bound);
    });
  });

  it('waits at least as long as the other side asked for', () => {
    const backoff = new Backoff(new SeededRandom(7), { initialMs: 10 });

    expect(backoff.nextMs(3_000)).toBe(3_000);
  });

  it('starts over after a success', () => {
    const backoff = new Backoff(new SeededRandom(7), { initialMs: 100, maxMs: 10_000 });
    backoff.nextMs();
    backoff.nextMs();

    backoff.reset();

    expect(backoff.nextMs()).toBeLessThanOrEqual(100);
    expect(backoff.failures).toBe(1);
  });
});
