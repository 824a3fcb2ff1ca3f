/**
 * By workload: the options of the command line that it has a use for, by their names as attributes, besides those that all have (peers,
 * rounds, file). What it has no use for is refused, so that nobody takes a figure for that of a setting which changed nothing.
 */
export const OPTIONS_OF = {
  enrich: ['records', 'warmUp', 'bytes', 'handler', 'commitInterval'],
  aggregate: ['records', 'warmUp', 'bytes', 'commitInterval'],
  join: ['records', 'warmUp', 'bytes', 'commitInterval'],
  restore: ['records', 'commitInterval'],
  latency: ['records', 'warmUp', 'bytes', 'handler', 'commitInterval', 'rate'],
  archive: ['records', 'warmUp', 'bytes', 'commitInterval'],
  postgres: ['records', 'warmUp', 'bytes', 'commitInterval'],
  soak: ['minutes', 'bytes', 'commitInterval', 'rate'],
};

const FLAGS = {
  records: '--records',
  warmUp: '--warm-up',
  bytes: '--bytes',
  handler: '--handler',
  commitInterval: '--commit-interval',
  rate: '--rate',
  minutes: '--minutes',
};

/**
 * @param asked names of the options that were given.
 * @returns what is wrong with them, with what may be given instead; undefined when nothing is.
 */
export function uselessOptions(workload, asked) {
  const takes = OPTIONS_OF[workload];
  const useless = asked.filter((name) => FLAGS[name] !== undefined && !takes.includes(name));
  if (useless.length === 0) return undefined;
  return `'${workload}' has no use for ${flagsOf(useless)}: it takes ${flagsOf(takes)}`;
}

function flagsOf(names) {
  return names.map((name) => FLAGS[name]).join(', ');
}

/** What a run does, in one line, by those options alone that count for it. */
export function titleOf(workload, { records, warmUp, bytes, handler, commitIntervalMs, rate, minutes }) {
  const takes = (name) => OPTIONS_OF[workload].includes(name);
  return [
    `${workload}: ${records} records${takes('bytes') ? ` of ${bytes} bytes` : ''}`,
    ...(takes('warmUp') ? [`the first ${warmUp} to warm up`] : []),
    ...(takes('handler') ? [`handler: ${handler}`] : []),
    `commits every ${commitIntervalMs} ms`,
    ...(takes('rate') ? [`${rate} events/s`] : []),
    ...(takes('minutes') ? [`${minutes} min`] : []),
  ].join(', ');
}
