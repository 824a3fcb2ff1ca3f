import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addToAirportHour, EMPTY_AIRPORT_HOUR, type HourlyFlight } from './airport-hour.js';
import { addToCarrierDay, EMPTY_CARRIER_DAY, type DailyFlight } from './carrier-day.js';

const departed = (departureDelayMinutes: number): HourlyFlight => ({ departed: true, departureDelayMinutes });
const cancelled: HourlyFlight = { departed: false, departureDelayMinutes: null };
const hourOf = (flights: readonly HourlyFlight[]) => flights.reduce(addToAirportHour, EMPTY_AIRPORT_HOUR);
const dayOf = (flights: readonly DailyFlight[]) => flights.reduce(addToCarrierDay, EMPTY_CARRIER_DAY);

describe("an airport's hour", () => {
  it('counts departures and cancellations apart, and delays over departures', () => {
    expect(hourOf([departed(-3), departed(20), cancelled])).toEqual({
      departures: 2,
      cancelled: 1,
      delaySumMinutes: 17,
      delayMaxMinutes: 20,
    });
  });

  it('has a greatest delay below zero when everything left early, and none when nothing left', () => {
    expect(hourOf([departed(-5), departed(-2)]).delayMaxMinutes).toBe(-2);
    expect(hourOf([cancelled]).delayMaxMinutes).toBeNull();
  });

  it('does not depend on the order of flights', () => {
    const flight = fc.oneof(fc.integer({ min: -60, max: 1500 }).map(departed), fc.constant(cancelled));
    fc.assert(
      fc.property(fc.array(flight), (flights) => {
        expect(hourOf(flights)).toEqual(hourOf([...flights].reverse()));
      }),
    );
  });
});

describe("a carrier's day", () => {
  it('counts every flight, and delays where the arrival is known', () => {
    const flights: DailyFlight[] = [
      { departed: true, arrivalDelayMinutes: 11 },
      { departed: true, arrivalDelayMinutes: -20 },
      { departed: true, arrivalDelayMinutes: null },
      { departed: false, arrivalDelayMinutes: null },
    ];
    expect(dayOf(flights)).toEqual({ flights: 4, cancelled: 1, arrivalDelaySumMinutes: -9 });
  });
});
