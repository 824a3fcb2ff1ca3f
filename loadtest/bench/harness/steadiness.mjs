/** Whether a figure that is sampled over time stays what it is. */

/**
 * @param samples `{ second, value }` in order of time. The first third of the time is for warming up.
 * @param seconds how long all of it took.
 * @returns the medians of the middle and of the last third (`middle`, `last`), their ratio (`growth`), and what a line through both
 *   thirds gains a minute, by least squares (`slopePerMinute`).
 */
export function steadiness(samples, seconds) {
  const after = samples.filter(({ second }) => second >= seconds / 3);
  const middle = median(after.filter(({ second }) => second < (seconds * 2) / 3));
  const last = median(after.filter(({ second }) => second >= (seconds * 2) / 3));
  return { middle, last, growth: last / middle, slopePerMinute: slope(after) * 60 };
}

function median(samples) {
  const values = samples.map(({ value }) => value).sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)] ?? NaN;
}

function slope(samples) {
  const mean = (of) => samples.reduce((sum, each) => sum + of(each), 0) / samples.length;
  const meanSecond = mean(({ second }) => second);
  const meanValue = mean(({ value }) => value);
  const together = mean(({ second, value }) => (second - meanSecond) * (value - meanValue));
  return together / mean(({ second }) => (second - meanSecond) ** 2);
}
