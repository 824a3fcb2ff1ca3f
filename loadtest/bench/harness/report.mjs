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

/** The rounds, counted from 0, in which both contenders were right; the figures of others compare nothing. */
export function rightRounds(own, theirs) {
  return own.flatMap(({ isRight }, round) => (isRight && theirs[round].isRight ? [round] : []));
}

/**
 * The first contender's figures divided by those of each other one, round by round, as {@link spread}. A round in which one of the two
 * was wrong is left out; a contender with no round left has no ratios.
 *
 * @param results rounds by contender: `{ millrace: [{ …figures, isRight }, …], … }`.
 * @returns by contender and figure: `{ 'kafka-streams': { eventsPerSecond: { min, median, max } } }`.
 */
export function ratiosOf(results, figures) {
  const [[, own], ...others] = Object.entries(results);
  return Object.fromEntries(
    others.map(([name, theirs]) => {
      const rounds = rightRounds(own, theirs);
      const ratios = (figure) => rounds.map((round) => own[round][figure] / theirs[round][figure]);
      return [name, rounds.length === 0 ? {} : Object.fromEntries(figures.map((each) => [each, spread(ratios(each))]))];
    }),
  );
}

/** Prints {@link ratiosOf}, and which rounds are not in them; returns it. */
export function printRatios(results, figures) {
  const [[first, own]] = Object.entries(results);
  const ratios = ratiosOf(results, figures);
  for (const [name, byFigure] of Object.entries(ratios)) {
    const rounds = rightRounds(own, results[name]);
    for (const [figure, { min, median, max }] of Object.entries(byFigure)) {
      console.log(
        `${first} / ${name}, ${figure}: ${median.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)} in ${rounds.length} rounds)`,
      );
    }
    const leftOut = own.length - rounds.length;
    if (leftOut > 0)
      console.log(`${first} / ${name}: without ${leftOut} of ${own.length} rounds, where an answer was wrong`);
  }
  return ratios;
}
