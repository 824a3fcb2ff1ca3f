const thousands = (value) => `${(value / 1_000).toFixed(value < 10_000 ? 1 : 0)} k`;

const milliseconds = (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
const mebibytes = (value) => `${Math.round(value)} MiB`;
const seconds = (value) => `${(value / 1_000).toFixed(2)} s`;

/** The figures of a report: a title, and how the figure reads. */
export const columns = {
  eventsPerSecond: ['events/s', thousands],
  eventsPerCpuSecond: ['events/CPU-s', thousands],
  userShare: ['user', (value) => `${Math.round(value * 100)} %`],
  firstCommitMs: ['to the first commit', seconds],
  firstRecordMs: ['to the first record', seconds],
  runningMs: ['from start to running', seconds],
  p50Ms: ['p50', milliseconds],
  p95Ms: ['p95', milliseconds],
  p99Ms: ['p99', milliseconds],
  maxMs: ['longest', milliseconds],
  middleMiB: ['memory in the middle third', mebibytes],
  lastMiB: ['in the last third', mebibytes],
  slopeMiBPerMinute: ['slope', (value) => `${value >= 0 ? '+' : ''}${value.toFixed(2)} MiB/min`],
  middleP50Ms: ['p50 in the middle third', milliseconds],
  middleP99Ms: ['p99', milliseconds],
  lastP50Ms: ['p50 in the last third', milliseconds],
  lastP99Ms: ['p99', milliseconds],
  backlog: ['events behind at the end', (value) => String(value)],
  cores: ['cores', (value) => value.toFixed(2)],
  peakMiB: ['peak memory', mebibytes],
};

/** A round's figures as one line. */
export function lineOf(names, figures) {
  return names.map((name) => `${columns[name][1](figures[name])} ${columns[name][0]}`).join(', ');
}
