import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LATENCY_BOUNDS_MS, LatencyHistogram } from './latency-histogram.js';

const latencies = fc.array(fc.double({ min: 0, max: 2_000_000, noNaN: true }), { minLength: 1, maxLength: 200 });

function histogramOf(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

function exactQuantile(values: readonly number[], quantile: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.max(1, Math.ceil(sorted.length * quantile)) - 1] as number;
}

describe('LatencyHistogram', () => {
  it('gives quantiles that are never too low and at most 9.1 % too high, from 1 ms on', () => {
    fc.assert(
      fc.property(latencies, fc.constantFrom(0, 0.5, 0.95, 0.99, 1), (values, quantile) => {
        const exact = exactQuantile(values, quantile);
        const estimate = histogramOf(values).quantileMs(quantile);
        expect(estimate).toBeGreaterThanOrEqual(Math.min(exact, 1) === exact ? 0 : exact);
        expect(estimate).toBeLessThanOrEqual(Math.max(1, exact * 1.0906));
      }),
    );
  });

  it('says the same of merged histograms as of all latencies in one', () => {
    fc.assert(
      fc.property(latencies, latencies, (left, right) => {
        const merged = histogramOf(left);
        merged.merge(histogramOf(right));
        const whole = histogramOf([...left, ...right]);
        const meanMs = expect.closeTo(whole.summary().meanMs, 6);
        expect(merged.summary()).toEqual({ ...whole.summary(), meanMs });
      }),
    );
  });

  it('puts a latency that is exactly a bound into the bucket of that bound', () => {
    LATENCY_BOUNDS_MS.forEach((bound, bucket) => {
      expect(histogramOf([bound]).bucketCounts[bucket]).toBe(1);
    });
  });

  it('summarises', () => {
    const histogram = histogramOf(Array.from({ length: 100 }, (_, nth) => nth + 1));
    expect(histogram.summary()).toMatchObject({ count: 100, meanMs: 50.5, maxMs: 100 });
    expect(histogram.summary().p50Ms).toBeCloseTo(50, -1);
    expect(histogram.summary().p99Ms).toBe(100);
  });

  it('starts over when its counts are taken, and adds up what others counted', () => {
    const part = new LatencyHistogram();
    const whole = new LatencyHistogram();
    part.record(10);
    const first = part.take();
    part.record(20);

    whole.merge(first);
    whole.merge(part.take());

    expect(whole.summary()).toMatchObject({ count: 2, meanMs: 15, maxMs: 20 });
    expect(part.count).toBe(0);
  });

  it('hands its counts out as plain data that reaches another thread whole', () => {
    const taken = histogramOf([1, 30, 1e12]).take();
    const arrived = new LatencyHistogram();

    arrived.merge(structuredClone(taken));

    expect(arrived.take()).toEqual(taken);
  });

  it('is all zero when nothing was counted, and after a reset', () => {
    const zero = { count: 0, meanMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0, maxMs: 0 };
    const histogram = new LatencyHistogram();
    expect(histogram.summary()).toEqual(zero);
    histogram.record(5);
    histogram.reset();
    expect(histogram.summary()).toEqual(zero);
  });

  it('counts what is below 0 as 0, what is very long as the longest, and leaves out what is no number', () => {
    const histogram = histogramOf([-5, 1e12, NaN]);
    expect(histogram.count).toBe(2);
    expect(histogram.quantileMs(0.5)).toBe(1);
    expect(histogram.quantileMs(1)).toBe(1e12);
  });
});
