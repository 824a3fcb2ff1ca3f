import { describe, expect, it } from '@jest/globals';
import { steadiness } from './steadiness.mjs';

const SECONDS = 600;

function sampled(valueAt: (second: number) => number): { second: number; value: number }[] {
  return Array.from({ length: SECONDS / 2 }, (_each, n) => ({ second: n * 2, value: valueAt(n * 2) }));
}

describe('the steadiness of a figure', () => {
  it('does not depend on the time that it takes to warm up', () => {
    const steady = steadiness(
      sampled((second) => Math.min(300, 100 + second)),
      SECONDS,
    );
    expect(steady).toEqual({ middle: 300, last: 300, growth: 1, slopePerMinute: 0 });
  });

  it('is not lost to single samples far off', () => {
    const { growth } = steadiness(
      sampled((second) => (second % 20 === 0 ? 900 : 300)),
      SECONDS,
    );
    expect(growth).toBe(1);
  });

  it('shows what is gained a minute, and from one third to the next', () => {
    const { growth, slopePerMinute } = steadiness(
      sampled((second) => 300 + second / 10),
      SECONDS,
    );
    expect(slopePerMinute).toBeCloseTo(6);
    expect(growth).toBeCloseTo(350 / 330);
  });
});
