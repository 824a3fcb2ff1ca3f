import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { arrivalOrder, type ArrivalTimes } from './arrival-order.js';

const inOrder = { shuffleSeed: undefined, limit: undefined };

function times(observations: readonly number[], departures: readonly number[]): ArrivalTimes {
  return { observationMinutes: Uint32Array.from(observations), departureMinutes: Uint32Array.from(departures) };
}

const anyTimes = fc
  .tuple(fc.array(fc.nat(600)), fc.array(fc.nat(600)))
  .map(([observations, departures]) => times(observations, departures));

describe('the order of arrival', () => {
  it('merges observations and departures by minute, observations first, then by row', () => {
    expect([...arrivalOrder(times([60, 0], [60, 10, 10]), inOrder)]).toEqual([1, 3, 4, 0, 2]);
  });

  it('holds every event once', () => {
    fc.assert(
      fc.property(anyTimes, fc.option(fc.nat()), (arrivals, seed) => {
        const order = arrivalOrder(arrivals, { shuffleSeed: seed ?? undefined, limit: undefined });
        const count = arrivals.observationMinutes.length + arrivals.departureMinutes.length;
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, event) => event));
      }),
    );
  });

  it('is the same for the same seed and another for another', () => {
    const arrivals = times(
      Array.from({ length: 50 }, () => 5),
      [],
    );
    const seeded = (shuffleSeed: number): number[] => [...arrivalOrder(arrivals, { shuffleSeed, limit: undefined })];
    expect(seeded(7)).toEqual(seeded(7));
    expect(seeded(7)).not.toEqual(seeded(8));
    expect(seeded(7)).not.toEqual([...arrivalOrder(arrivals, inOrder)]);
  });

  it('shuffles within an hour and never across', () => {
    fc.assert(
      fc.property(anyTimes, fc.nat(), (arrivals, shuffleSeed) => {
        const minutes = [...arrivals.observationMinutes, ...arrivals.departureMinutes];
        const hours = [...arrivalOrder(arrivals, { shuffleSeed, limit: undefined })].map((event) =>
          Math.floor((minutes[event] as number) / 60),
        );
        expect(hours).toEqual([...hours].sort((a, b) => a - b));
      }),
    );
  });

  it('is cut by a limit, not changed by it', () => {
    fc.assert(
      fc.property(anyTimes, fc.nat(), fc.nat(40), (arrivals, shuffleSeed, limit) => {
        const all = arrivalOrder(arrivals, { shuffleSeed, limit: undefined });
        expect([...arrivalOrder(arrivals, { shuffleSeed, limit })]).toEqual([...all].slice(0, limit));
      }),
    );
  });
});
