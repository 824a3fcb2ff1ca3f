import { beforeEach, describe, expect, it } from '@jest/globals';
import { topics, type Departure, type EnrichedFlight, type WeatherObservation } from '@millrace/schemas';
import { TopologyBuilder } from '@millrace/streams';
import { TopologyTestDriver } from '@millrace/streams/testing';
import {
  aCancelledDeparture,
  aDeparture,
  anObservation,
  matchesGolden,
  type DepartureFixture,
  type ObservationFixture,
} from '@millrace/testing';
import fc from 'fast-check';
import { FlightEnrichment } from './flight-enrichment.js';

function enrichment() {
  const builder = new TopologyBuilder('flight-enrichment');
  new FlightEnrichment({ idleAdvanceAfterMs: 1_000 }).define(builder);
  return builder.build();
}

class Enrichment {
  readonly driver = new TopologyTestDriver(enrichment());

  async withReferenceTables(): Promise<this> {
    const aircraft = {
      version: 1,
      tailNumber: 'N14228',
      yearBuilt: 1999,
      type: 't',
      manufacturer: 'BOEING',
      model: '737-824',
      engines: 2,
      seats: 149,
      engineType: 'Turbo-fan',
    } as const;
    const airport = {
      version: 1,
      faa: 'IAH',
      name: 'George Bush',
      latitude: 29.9,
      longitude: -95.3,
      altitudeFeet: 97,
      timeZone: null,
    } as const;
    await this.driver.input(topics.aircraft).pipe('N14228', aircraft, { timestampMs: 0 });
    await this.driver.input(topics.carriers).pipe('UA', { version: 1, carrier: 'UA', name: 'United Air Lines Inc.' });
    await this.driver.input(topics.airports).pipe('IAH', airport);
    return this;
  }

  departs(fixture: DepartureFixture): Promise<void> {
    const departure = fixture as Departure;
    const timestampMs = topics.departures.timestampMsOf(departure);
    return this.driver.input(topics.departures).pipe(departure.tailNumber, departure, { timestampMs });
  }

  observes(fixture: ObservationFixture): Promise<void> {
    const nothing = { dewPointF: null, humidityPercent: null, windDirectionDegrees: null, windGustMph: null };
    const rest = { precipitationInches: null, pressureMillibars: null, visibilityMiles: null };
    const observation = { ...nothing, ...rest, ...fixture } as WeatherObservation;
    const timestampMs = topics.weather.timestampMsOf(observation);
    return this.driver.input(topics.weather).pipe(observation.origin, observation, { timestampMs });
  }

  emitted(): EnrichedFlight[] {
    return this.driver
      .output(topics.enriched)
      .readRecords()
      .map(({ value }) => value as EnrichedFlight);
  }
}

describe('flight enrichment', () => {
  let enriched: Enrichment;
  beforeEach(async () => void (enriched = await new Enrichment().withReferenceTables()));

  it('is described by its golden files, where every permanent name shows', async () => {
    const golden = (file: string): URL => new URL(`golden/${file}`, import.meta.url);
    await matchesGolden(golden('flight-enrichment.txt'), enrichment().describe());
    await matchesGolden(golden('flight-enrichment.mmd'), enrichment().describe('mermaid'));
  });

  it('adds aircraft, airline, destination and weather to a departure', async () => {
    await enriched.observes(anObservation());
    await enriched.departs(aDeparture());
    expect(enriched.emitted()).toEqual([
      {
        carrier: 'UA',
        flight: 1545,
        tailNumber: 'N14228',
        origin: 'EWR',
        dest: 'IAH',
        scheduledAt: '2013-01-01T10:15:00Z',
        timeHour: '2013-01-01T10:00:00Z',
        minute: 15,
        departed: true,
        departureDelayMinutes: 2,
        arrivalDelayMinutes: 11,
        airTimeMinutes: 227,
        distanceMiles: 1400,
        aircraftModel: '737-824',
        carrierName: 'United Air Lines Inc.',
        destName: 'George Bush',
        temperatureF: 39.02,
        windSpeedMph: 12.65858,
      },
    ]);
  });

  it('is keyed by origin and stamped with the scheduled departure', async () => {
    await enriched.observes(anObservation());
    await enriched.departs(aDeparture());
    const [record] = enriched.driver.output(topics.enriched).readRecords();
    expect(record).toMatchObject({ key: 'EWR', timestampMs: Date.parse('2013-01-01T10:15:00Z') });
  });

  it('waits for weather that comes after the flight', async () => {
    await enriched.departs(aDeparture());
    expect(enriched.emitted()).toEqual([]);
    await enriched.observes(anObservation());
    expect(enriched.emitted()).toMatchObject([{ temperatureF: 39.02 }]);
  });

  it.each([0, 59])('takes the weather of the same hour for minute %d, and no other', async (minute) => {
    await enriched.observes(anObservation({ observedAt: '2013-01-01T09:00:00Z', temperatureF: 9 }));
    await enriched.observes(anObservation({ observedAt: '2013-01-01T10:00:00Z', temperatureF: 10 }));
    await enriched.observes(anObservation({ observedAt: '2013-01-01T11:00:00Z', temperatureF: 11 }));
    await enriched.departs(aDeparture({ minute }));
    expect(enriched.emitted()).toMatchObject([{ temperatureF: 10 }]);
  });

  it('takes the weather of the origin only', async () => {
    await enriched.observes(anObservation({ origin: 'JFK' }));
    await enriched.departs(aDeparture());
    expect(enriched.emitted()).toEqual([]);
  });

  it('emits a flight without weather once its window has closed, and only once', async () => {
    await enriched.departs(aDeparture());
    await enriched.observes(anObservation({ observedAt: '2013-01-31T10:00:00Z' }));
    expect(enriched.emitted()).toEqual([]);
    await enriched.observes(anObservation({ observedAt: '2013-01-31T11:00:00Z' }));
    expect(enriched.emitted()).toMatchObject([{ flight: 1545, temperatureF: null, windSpeedMph: null }]);
    await enriched.driver.becomeIdle();
    expect(enriched.emitted()).toEqual([]);
  });

  it('emits the last flights without weather when its input is idle', async () => {
    await enriched.departs(aDeparture());
    await enriched.driver.becomeIdle();
    expect(enriched.emitted()).toMatchObject([{ flight: 1545, temperatureF: null }]);
  });

  it('passes on flights without tail number, cancelled ones, and what no table knows', async () => {
    await enriched.observes(anObservation());
    await enriched.departs(aCancelledDeparture({ tailNumber: null, carrier: 'XX', dest: 'BQN' }));
    const unknown = { departed: false, tailNumber: null, aircraftModel: null, carrierName: null, destName: null };
    expect(enriched.emitted()).toMatchObject([unknown]);
  });

  it('sends what breaks a contract to the dead letters and goes on', async () => {
    await enriched.driver
      .input(topics.departures)
      .pipeRaw(Buffer.from('N14228'), Buffer.from('{"version":99}'), { timestampMs: 0 });
    await enriched.observes(anObservation());
    await enriched.departs(aDeparture());
    expect(enriched.driver.counters().deadLettered).toBe(1);
    expect(enriched.emitted()).toHaveLength(1);
  });

  it('loses nothing when it is restarted while a flight waits', async () => {
    await enriched.departs(aDeparture());
    enriched.driver.restart();
    await enriched.observes(anObservation());
    expect(enriched.emitted()).toMatchObject([{ aircraftModel: '737-824', temperatureF: 39.02 }]);
  });

  it('gives the same flights whatever the order in which flights and weather arrive', async () => {
    const hours = ['2013-01-01T10:00:00Z', '2013-01-01T11:00:00Z', '2013-01-02T10:00:00Z'];
    const departures = hours.flatMap((timeHour, hour) =>
      ['EWR', 'JFK'].map((origin) => ({ departure: aDeparture({ timeHour, origin, flight: hour }) })),
    );
    const observations = hours.slice(1).map((observedAt) => ({ observation: anObservation({ observedAt }) }));
    const events = [...departures, ...observations];
    const outcome = async (order: readonly (typeof events)[number][]): Promise<string[]> => {
      const run = await new Enrichment().withReferenceTables();
      for (const event of order)
        await ('departure' in event ? run.departs(event.departure) : run.observes(event.observation));
      await run.driver.becomeIdle();
      return run
        .emitted()
        .map((flight) => JSON.stringify(flight))
        .sort();
    };
    const expected = await outcome(events);
    expect(expected).toHaveLength(departures.length);
    const orders = fc.shuffledSubarray(events, { minLength: events.length });
    await fc.assert(
      fc.asyncProperty(orders, async (order) => expect(await outcome(order)).toEqual(expected)),
      { numRuns: 20 },
    );
  });
});
