/** What came of a run, as lines and as ratios to the first contender. */
import { lineOf } from './columns.mjs';

/** Minimum, median and maximum of what one figure was in the rounds. */
export function spread(values) {
  const inOrder = values.toSorted((a, b) => a - b);
  return { min: inOrder[0], median: inOrder[Math.floor(inOrder.length / 2)], max: inOrder.at(-1) };
}

export function printRound(title, name, columns, figures, weaker) {
  console.log(`  ${title}: ${name}: ${lineOf(columns, figures)}${weaker === undefined ? '' : ` (${weaker})`}`);
}

/** @param results rounds by contender: `{ millrace: [figures, …], … }`. The first contender is compared with each other one. */
export function printRatios(results, figures) {
  const [[first, own], ...others] = Object.entries(results);
  const ratios = {};
  for (const [name, theirs] of others) {
    ratios[name] = {};
    for (const figure of figures) {
      const { min, median, max } = spread(own.map((each, round) => each[figure] / theirs[round][figure]));
      ratios[name][figure] = { min, median, max };
      console.log(
        `${first} / ${name}, ${figure}: ${median.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)} in ${own.length} rounds)`,
      );
    }
  }
  return ratios;
}
