import { beforeEach, describe, expect, it } from '@jest/globals';
import { topics, type AirportHour, type CarrierDay, type EnrichedFlight } from '@millrace/schemas';
import { TopologyBuilder } from '@millrace/streams';
import { TopologyTestDriver } from '@millrace/streams/testing';
import { aCancelledDeparture, aDeparture, matchesGolden, type DepartureFixture } from '@millrace/testing';
import fc from 'fast-check';
import { FlightTotals } from './flight-totals.js';

function flightTotals() {
  const builder = new TopologyBuilder('flight-totals');
  new FlightTotals().define(builder);
  return builder.build();
}

function enriched({ version: _, ...departure }: DepartureFixture): EnrichedFlight {
  const found = { aircraftModel: null, carrierName: null, destName: null, temperatureF: 39.02, windSpeedMph: null };
  return { ...departure, ...found };
}

class Totals {
  readonly driver = new TopologyTestDriver(flightTotals());

  flies(departure: DepartureFixture): Promise<void> {
    const flight = enriched(departure);
    const timestampMs = topics.enriched.timestampMsOf(flight);
    return this.driver.input(topics.enriched).pipe(flight.origin, flight, { timestampMs });
  }

  /** The last total of each airport and hour, by its key. */
  hours(): Record<string, AirportHour> {
    const records = this.driver.output(topics.airportHourly).readRecords();
    return Object.fromEntries(records.map(({ key, value }) => [`${key?.origin}|${key?.hour}`, value as AirportHour]));
  }

  /** The last total of each airline and day, by its key. */
  days(): Record<string, CarrierDay> {
    const records = this.driver.output(topics.carrierDaily).readRecords();
    return Object.fromEntries(records.map(({ key, value }) => [`${key?.carrier}|${key?.date}`, value as CarrierDay]));
  }
}

describe('flight totals', () => {
  let totals: Totals;
  beforeEach(() => void (totals = new Totals()));

  it('are described by their golden files, where every permanent name shows', async () => {
    const golden = (file: string): URL => new URL(`golden/${file}`, import.meta.url);
    await matchesGolden(golden('flight-totals.txt'), flightTotals().describe());
    await matchesGolden(golden('flight-totals.mmd'), flightTotals().describe('mermaid'));
  });

  it('add up the departures of each airport and scheduled hour', async () => {
    await totals.flies(aDeparture({ minute: 0, departureDelayMinutes: -3 }));
    await totals.flies(aDeparture({ minute: 59, departureDelayMinutes: 20 }));
    await totals.flies(aCancelledDeparture({ minute: 30 }));
    await totals.flies(aDeparture({ timeHour: '2013-01-01T11:00:00Z', minute: 0 }));
    await totals.flies(aDeparture({ origin: 'JFK' }));
    const hours = totals.hours();
    expect(Object.keys(hours).sort()).toEqual([
      'EWR|2013-01-01T10:00:00Z',
      'EWR|2013-01-01T11:00:00Z',
      'JFK|2013-01-01T10:00:00Z',
    ]);
    expect(hours['EWR|2013-01-01T10:00:00Z']).toEqual({
      version: 1,
      origin: 'EWR',
      hour: '2013-01-01T10:00:00Z',
      departures: 2,
      cancelled: 1,
      delaySumMinutes: 17,
      delayMaxMinutes: 20,
    });
  });

  it('add up the flights of each airline and UTC day, over all airports', async () => {
    await totals.flies(aDeparture({ timeHour: '2013-01-01T23:00:00Z', minute: 59 }));
    await totals.flies(aCancelledDeparture({ timeHour: '2013-01-01T00:00:00Z', minute: 0, origin: 'JFK' }));
    await totals.flies(aDeparture({ timeHour: '2013-01-02T00:00:00Z', minute: 0 }));
    expect(totals.days()).toEqual({
      'UA|2013-01-01': {
        version: 1,
        carrier: 'UA',
        date: '2013-01-01',
        flights: 2,
        cancelled: 1,
        arrivalDelaySumMinutes: 11,
      },
      'UA|2013-01-02': {
        version: 1,
        carrier: 'UA',
        date: '2013-01-02',
        flights: 1,
        cancelled: 0,
        arrivalDelaySumMinutes: 11,
      },
    });
  });

  it('still count a flight that waited thirty days for weather that never came', async () => {
    await totals.flies(aDeparture({ timeHour: '2013-03-01T10:00:00Z' }));
    await totals.flies(aDeparture());
    expect(totals.hours()['EWR|2013-01-01T10:00:00Z']).toMatchObject({ departures: 1 });
    expect(totals.driver.counters().droppedLate).toBe(0);
  });

  it('drop and count what is later than the grace', async () => {
    await totals.flies(aDeparture({ timeHour: '2013-06-01T10:00:00Z' }));
    await totals.flies(aDeparture());
    expect(totals.hours()['EWR|2013-01-01T10:00:00Z']).toBeUndefined();
    expect(totals.driver.counters().droppedLate).toBeGreaterThan(0);
  });

  it('go on from where they were after a restart', async () => {
    await totals.flies(aDeparture());
    totals.driver.restart();
    await totals.flies(aDeparture());
    expect(totals.hours()['EWR|2013-01-01T10:00:00Z']).toMatchObject({ departures: 2 });
    expect(totals.days()['UA|2013-01-01']).toMatchObject({ flights: 2 });
  });

  it('do not depend on the order of flights', async () => {
    const flights = [
      aDeparture({ departureDelayMinutes: 5 }),
      aCancelledDeparture({ timeHour: '2013-01-03T10:00:00Z' }),
      aDeparture({ timeHour: '2013-02-01T10:00:00Z', departureDelayMinutes: -4 }),
      aDeparture({ carrier: 'B6', departureDelayMinutes: 400 }),
    ];
    const outcome = async (order: readonly DepartureFixture[]): Promise<object> => {
      const run = new Totals();
      for (const flight of order) await run.flies(flight);
      return { hours: run.hours(), days: run.days() };
    };
    const expected = await outcome(flights);
    const orders = fc.shuffledSubarray(flights, { minLength: flights.length });
    await fc.assert(
      fc.asyncProperty(orders, async (order) => expect(await outcome(order)).toEqual(expected)),
      { numRuns: 24 },
    );
  });
});
