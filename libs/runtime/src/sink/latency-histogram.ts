const PER_DOUBLING = 8;
const DOUBLINGS = 21;

/**
 * Upper bounds of the buckets of every latency histogram, in milliseconds: 1, then 9 % apart, up to about 35 minutes.
 * The last bucket of a histogram, past these bounds, takes everything longer.
 */
export const LATENCY_BOUNDS_MS: readonly number[] = Array.from(
  { length: PER_DOUBLING * DOUBLINGS + 1 },
  (_, nth) => 2 ** (nth / PER_DOUBLING),
);

/** Counts of latencies; plain data, so that it can travel in an event. */
export interface LatencySnapshot {
  readonly count: number;
  readonly sumMs: number;
  readonly maxMs: number;
  /** Per bucket of {@link LATENCY_BOUNDS_MS}, plus one for everything longer. */
  readonly bucketCounts: Uint32Array;
}

/** Counts latencies in buckets of fixed bounds; recording allocates nothing. */
export class LatencyHistogram {
  #bucketCounts = new Uint32Array(LATENCY_BOUNDS_MS.length + 1);
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  /** Counts one latency in milliseconds; a negative one (clocks of two machines differ) counts as 0. */
  record(latencyMs: number): void {
    const ms = latencyMs > 0 ? latencyMs : 0;
    this.#count += 1;
    this.#sumMs += ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
    const bucket = ms <= 1 ? 0 : Math.min(Math.ceil(Math.log2(ms) * PER_DOUBLING), LATENCY_BOUNDS_MS.length);
    this.#bucketCounts[bucket] = (this.#bucketCounts[bucket] as number) + 1;
  }

  /** Adds what another histogram counted. */
  add(other: LatencySnapshot): void {
    this.#count += other.count;
    this.#sumMs += other.sumMs;
    this.#maxMs = Math.max(this.#maxMs, other.maxMs);
    other.bucketCounts.forEach((count, bucket) => {
      this.#bucketCounts[bucket] = (this.#bucketCounts[bucket] as number) + count;
    });
  }

  /** What was counted so far; the histogram starts over. */
  take(): LatencySnapshot {
    const taken = { count: this.#count, sumMs: this.#sumMs, maxMs: this.#maxMs, bucketCounts: this.#bucketCounts };
    this.#bucketCounts = new Uint32Array(LATENCY_BOUNDS_MS.length + 1);
    this.#count = 0;
    this.#sumMs = 0;
    this.#maxMs = 0;
    return taken;
  }

  /**
   * The latency in milliseconds that a share `quantile` (0 to 1) of what was counted does not exceed: at most 9 % too
   * high, never higher than the longest; 0 when nothing was counted.
   */
  quantileMs(quantile: number): number {
    const wanted = Math.ceil(this.#count * quantile);
    let seen = 0;
    for (let bucket = 0; bucket < this.#bucketCounts.length; bucket++) {
      seen += this.#bucketCounts[bucket] as number;
      if (seen >= wanted) return Math.min(this.#maxMs, LATENCY_BOUNDS_MS[bucket] ?? Infinity);
    }
    return this.#maxMs;
  }
}
