import { describe, expect, it } from '@jest/globals';
import { aCancelledDeparture, aDeparture, anObservation } from './flights.js';

describe('the builders of flights', () => {
  it('derive the scheduled time from hour and minute', () => {
    expect(aDeparture({ timeHour: '2013-03-01T09:00:00Z', minute: 5 }).scheduledAt).toBe('2013-03-01T09:05:00Z');
    expect(aDeparture({ scheduledAt: '2013-03-01T23:59:00Z' }).scheduledAt).toBe('2013-03-01T23:59:00Z');
  });

  it('make departures, cancellations and an observation that fits them', () => {
    expect(aDeparture({ carrier: 'B6' })).toMatchObject({ carrier: 'B6', departed: true, departureDelayMinutes: 2 });
    expect(aCancelledDeparture()).toMatchObject({ departed: false, departureDelayMinutes: null, airTimeMinutes: null });
    expect(anObservation()).toMatchObject({ origin: aDeparture().origin, observedAt: aDeparture().timeHour });
  });
});
