/** What came of a run, as a table and as ratios to the first contender. */

function sorted(values) {
  return values.toSorted((a, b) => a - b);
}

/** Minimum, median and maximum of what one figure was in the rounds. */
export function spread(values) {
  const inOrder = sorted(values);
  return { min: inOrder[0], median: inOrder[Math.floor(inOrder.length / 2)], max: inOrder.at(-1) };
}

const COLUMNS = [
  ['events/s', ({ eventsPerSecond }) => thousands(eventsPerSecond)],
  ['events/CPU-s', ({ eventsPerCpuSecond }) => thousands(eventsPerCpuSecond)],
  ['user', ({ userShare }) => `${Math.round(userShare * 100)} %`],
  ['first commit', ({ firstCommitMs }) => `${(firstCommitMs / 1_000).toFixed(1)} s`],
  ['peak memory', ({ peakMiB }) => `${Math.round(peakMiB)} MiB`],
];

function thousands(value) {
  return `${(value / 1_000).toFixed(value < 10_000 ? 1 : 0)} k`;
}

export function printRound(round, name, figures, weaker) {
  console.log(
    `  round ${round}: ${name}: ${COLUMNS.map(([title, text]) => `${text(figures)} ${title}`).join(', ')}${weaker === undefined ? '' : ` (${weaker})`}`,
  );
}

/** @param results rounds by contender: `{ millrace: [figures, …], … }`. The first contender is compared with each other one. */
export function printRatios(results, figure = 'eventsPerCpuSecond') {
  const [[first, own], ...others] = Object.entries(results);
  const ratios = {};
  for (const [name, theirs] of others) {
    const { min, median, max } = spread(own.map((figures, round) => figures[figure] / theirs[round][figure]));
    ratios[name] = { min, median, max };
    console.log(
      `${first} / ${name}, ${figure}: ${median.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)} in ${own.length} rounds)`,
    );
  }
  return ratios;
}
