import { describe, expect, it } from '@jest/globals';
import { LatencyHistogram } from './latency-histogram.js';

describe('LatencyHistogram', () => {
  it('answers quantiles at most 9 % too high', () => {
    const histogram = new LatencyHistogram();
    for (let ms = 1; ms <= 10_000; ms++) histogram.record(ms);

    for (const quantile of [0.5, 0.95, 0.99]) {
      const exactMs = quantile * 10_000;
      expect(histogram.quantileMs(quantile)).toBeGreaterThanOrEqual(exactMs);
      expect(histogram.quantileMs(quantile)).toBeLessThanOrEqual(exactMs * 1.1);
    }
    expect(histogram.quantileMs(1)).toBe(10_000);
  });

  it('counts negative latencies as none and very long ones in the last bucket', () => {
    const histogram = new LatencyHistogram();

    histogram.record(-5);
    histogram.record(86_400_000);

    const { count, sumMs, maxMs, bucketCounts } = histogram.take();
    expect({ count, sumMs, maxMs }).toEqual({ count: 2, sumMs: 86_400_000, maxMs: 86_400_000 });
    expect([bucketCounts[0], bucketCounts.at(-1)]).toEqual([1, 1]);
  });

  it('starts over when its counts are taken, and adds up what others counted', () => {
    const part = new LatencyHistogram();
    const whole = new LatencyHistogram();
    part.record(10);
    whole.add(part.take());
    part.record(20);
    whole.add(part.take());

    expect(whole.count).toBe(2);
    expect(whole.quantileMs(1)).toBe(20);
    expect(part.count).toBe(0);
    expect(part.quantileMs(0.5)).toBe(0);
  });
});
