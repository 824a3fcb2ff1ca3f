const BUCKETS_PER_DOUBLING = 8;
const DOUBLINGS = 21;

/**
 * Upper bounds of the buckets, in milliseconds: 1, then 9 % apart, up to about 35 minutes. One more bucket takes everything
 * longer. All latency histograms have these bounds, so any two can be added up.
 */
export const LATENCY_BOUNDS_MS: readonly number[] = Array.from(
  { length: BUCKETS_PER_DOUBLING * DOUBLINGS + 1 },
  (_, nth) => 2 ** (nth / BUCKETS_PER_DOUBLING),
);

/** Counts of latencies as plain data: what travels in a diagnostics event, from another thread or process too. */
export interface LatencyCounts {
  readonly count: number;
  readonly sumMs: number;
  readonly maxMs: number;
  /** Per bound of {@link LATENCY_BOUNDS_MS}, plus one for everything longer. */
  readonly bucketCounts: ArrayLike<number>;
}

/** What people want to know of many latencies; all 0 when there were none. */
export interface LatencySummary {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/**
 * Counts latencies in buckets that grow by 9 %, as an HDR histogram does: its memory (1.4 KB) does not grow with what is
 * counted, recording allocates nothing, and a quantile is at most 9 % too high. Latencies of up to 1 ms are one bucket.
 */
export class LatencyHistogram implements LatencyCounts {
  readonly #bucketCounts = new Float64Array(LATENCY_BOUNDS_MS.length + 1);
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  get sumMs(): number {
    return this.#sumMs;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  get bucketCounts(): ArrayLike<number> {
    return this.#bucketCounts;
  }

  /** Counts one latency. One below 0 counts as 0 (clocks of two machines differ); one that is no number is not counted. */
  record(latencyMs: number): void {
    if (Number.isNaN(latencyMs)) return;
    const ms = Math.max(0, latencyMs);
    this.#count += 1;
    this.#sumMs += ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
    const bucket = bucketOf(ms);
    this.#bucketCounts[bucket] = (this.#bucketCounts[bucket] as number) + 1;
  }

  /** Adds what another histogram has counted. */
  merge(other: LatencyCounts): void {
    this.#count += other.count;
    this.#sumMs += other.sumMs;
    this.#maxMs = Math.max(this.#maxMs, other.maxMs);
    for (let bucket = 0; bucket < this.#bucketCounts.length; bucket++) {
      this.#bucketCounts[bucket] = (this.#bucketCounts[bucket] as number) + (other.bucketCounts[bucket] ?? 0);
    }
  }

  /**
   * The latency in milliseconds that a share of all does not exceed; 0 when there were none.
   *
   * @param quantile 0 to 1; 0.95 is what 19 of 20 do not exceed.
   */
  quantileMs(quantile: number): number {
    const wanted = Math.max(1, Math.ceil(this.#count * quantile));
    let seen = 0;
    for (let bucket = 0; bucket < LATENCY_BOUNDS_MS.length; bucket++) {
      seen += this.#bucketCounts[bucket] as number;
      if (seen >= wanted) return Math.min(this.#maxMs, LATENCY_BOUNDS_MS[bucket] as number);
    }
    return this.#maxMs;
  }

  summary(): LatencySummary {
    return {
      count: this.#count,
      meanMs: this.#count === 0 ? 0 : this.#sumMs / this.#count,
      p50Ms: this.quantileMs(0.5),
      p95Ms: this.quantileMs(0.95),
      p99Ms: this.quantileMs(0.99),
      maxMs: this.#maxMs,
    };
  }

  /** What was counted so far, as plain data; the histogram starts over. */
  take(): LatencyCounts {
    const taken = {
      count: this.#count,
      sumMs: this.#sumMs,
      maxMs: this.#maxMs,
      bucketCounts: this.#bucketCounts.slice(),
    };
    this.reset();
    return taken;
  }

  /** Forgets everything. */
  reset(): void {
    this.#bucketCounts.fill(0);
    this.#count = 0;
    this.#sumMs = 0;
    this.#maxMs = 0;
  }
}

function bucketOf(ms: number): number {
  if (ms <= 1) return 0;
  const bucket = Math.min(Math.ceil(Math.log2(ms) * BUCKETS_PER_DOUBLING), LATENCY_BOUNDS_MS.length);
  // The logarithm of a bound itself may come out a rounding error too high.
  return ms <= (LATENCY_BOUNDS_MS[bucket - 1] as number) ? bucket - 1 : bucket;
}
