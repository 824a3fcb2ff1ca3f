import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '@millrace/kernel';
import fc from 'fast-check';
import { fullJitterMs } from './backoff.js';

describe('fullJitterMs', () => {
  it('is at least 0, below the doubled base of the try, and never above the maximum', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), fc.nat(), (attempt, seed) => {
        const delayMs = fullJitterMs(attempt, 100, 5_000, new SeededRandom(seed));
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThan(Math.min(5_000, 100 * 2 ** (attempt - 1)) + Number.EPSILON);
      }),
    );
  });

  it('uses the whole range', () => {
    const random = new SeededRandom(7);
    const delays = Array.from({ length: 1_000 }, () => fullJitterMs(4, 100, 5_000, random));
    expect(Math.min(...delays)).toBeLessThan(20);
    expect(Math.max(...delays)).toBeGreaterThan(780);
  });
});
