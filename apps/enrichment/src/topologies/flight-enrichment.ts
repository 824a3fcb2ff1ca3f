import { StreamTopology, type TopologyDefinition } from '@millrace/nest';
import { topics } from '@millrace/schemas';
import { json, type TopologyBuilder } from '@millrace/streams';
import { Inject } from '@nestjs/common';
import { ENRICHMENT_SETTINGS, type EnrichmentSettings } from '../config/enrichment-config.js';
import { withAircraft, withCarrier, withDestination, withWeather, type FlightBeforeWeather } from './joins.js';

/**
 * Which weather belongs to a flight: observations are stamped with the start of their hour, flights with their scheduled
 * minute, so the one of the same hour lies at most 59 minutes and 59.999 seconds before.
 */
const SAME_HOUR = { before: 59 * 60_000 + 59_999, after: 0 } as const;

/**
 * How long a flight waits for its weather, in stream time. Far longer than a station is ever late, because stream time may run
 * ahead: flights come from as many upstream tasks as there are partitions, and one that is restored or rebalanced is behind
 * the others by as much as they were able to read meanwhile. A flight without weather costs that wait, no other one does.
 */
const GRACE = '30d';

/**
 * Departures with what is known about them: aircraft by tail number, airline, destination, and the weather at the origin in
 * the scheduled hour. Each departure gives exactly one record, whichever of flight and weather comes first.
 */
@StreamTopology({ name: 'flight-enrichment', app: 'enrichment' })
export class FlightEnrichment implements TopologyDefinition {
  readonly #settings: EnrichmentSettings;

  constructor(@Inject(ENRICHMENT_SETTINGS) settings: EnrichmentSettings) {
    this.#settings = settings;
  }

  define(t: TopologyBuilder): void {
    t.idleAdvance('close-last-windows', { after: this.#settings.idleAdvanceAfterMs });
    const aircraft = t.table('aircraft', topics.aircraft, { store: 'aircraft-by-tail-number' });
    const carriers = t.globalTable('carriers', topics.carriers, { store: 'carriers-by-code' });
    const airports = t.globalTable('airports', topics.airports, { store: 'airports-by-code' });
    const weather = t.stream('weather', topics.weather);

    t.stream('departures', topics.departures)
      .leftJoin('with-aircraft', aircraft, { join: withAircraft })
      .leftJoin('with-carrier', carriers, { by: (flight) => flight.carrier, join: withCarrier })
      .leftJoin('with-destination', airports, { by: (flight) => flight.dest, join: withDestination })
      .rekey('by-origin', (flight) => flight.origin, topics.enriched.key)
      .repartition('flights-by-origin', { value: json<FlightBeforeWeather>() })
      .leftJoin('with-weather', weather, {
        within: SAME_HOUR,
        grace: GRACE,
        unmatched: 'at-close',
        join: withWeather,
        value: topics.enriched.value,
      })
      .to('enriched', topics.enriched);
  }
}
