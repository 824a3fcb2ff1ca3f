import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { printRatios, ratiosOf, type Round } from './report.mjs';

const right = (eventsPerSecond: number): Round => ({ eventsPerSecond, isRight: true });
const wrong = (eventsPerSecond: number): Round => ({ eventsPerSecond, isRight: false });

describe('the ratios of a run', () => {
  afterEach(() => void jest.restoreAllMocks());

  it('divide the figures of the same round', () => {
    const ratios = ratiosOf({ millrace: [right(30), right(40), right(90)], peer: [right(10), right(20), right(10)] }, [
      'eventsPerSecond',
    ]);
    expect(ratios).toEqual({ peer: { eventsPerSecond: { min: 2, median: 3, max: 9 } } });
  });

  it('leave out a round in which either answer was wrong, and no other', () => {
    const millrace = [wrong(1_000), right(40), right(90), right(50)];
    const ratios = ratiosOf(
      {
        millrace,
        slow: [right(10), right(20), wrong(1), right(10)],
        steady: [right(1), right(10), right(10), right(10)],
      },
      ['eventsPerSecond'],
    );
    expect(ratios).toEqual({
      slow: { eventsPerSecond: { min: 2, median: 5, max: 5 } },
      steady: { eventsPerSecond: { min: 4, median: 5, max: 9 } },
    });
  });

  it('are none where no round is left', () => {
    const results = { millrace: [right(40), wrong(90)], peer: [wrong(20), right(10)] };
    expect(ratiosOf(results, ['eventsPerSecond'])).toEqual({ peer: {} });
  });

  it('are printed with how many rounds are left out', () => {
    const lines: string[] = [];
    jest.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
    printRatios({ millrace: [right(40), right(90)], peer: [right(20), wrong(1)], other: [wrong(1), wrong(1)] }, [
      'eventsPerSecond',
    ]);
    expect(lines).toEqual([
      'millrace / peer, eventsPerSecond: 2.00 (2.00 to 2.00 in 1 rounds)',
      'millrace / peer: without 1 of 2 rounds, where an answer was wrong',
      'millrace / other: without 2 of 2 rounds, where an answer was wrong',
    ]);
  });
});
