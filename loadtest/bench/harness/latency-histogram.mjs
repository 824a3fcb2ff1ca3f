const LONGEST_MS = 60_000;

/** Any number of latencies in bounded memory: to the millisecond, and up to a minute; what takes longer counts as a minute. */
export class LatencyHistogram {
  #counts = new Uint32Array(LONGEST_MS + 1);
  #total = 0;

  add(ms) {
    this.#counts[Math.min(LONGEST_MS, Math.max(0, Math.round(ms)))]++;
    this.#total++;
  }

  /** Milliseconds that a share of the latencies does not exceed; NaN of none. */
  percentile(share) {
    const wanted = Math.ceil(this.#total * share);
    if (wanted === 0) return NaN;
    let seen = 0;
    let ms = -1;
    while (seen < wanted) seen += this.#counts[++ms];
    return ms;
  }
}
