import { TopologyBuilder, json, topic, utf8, type Topology } from '@millrace/streams';

/** A departure, as small as specs need it. */
export interface Flight {
  readonly tail: string;
  readonly carrier: string;
  readonly delay: number;
}

/** A flight with its aircraft's model and its carrier's name. */
export interface EnrichedFlight extends Flight {
  readonly model: string | null;
  readonly name: string | null;
}

export const flights = topic('flights', utf8, json<Flight>());
export const aircraft = topic('aircraft', utf8, utf8);
export const carriers = topic('carriers', utf8, utf8);
export const enriched = topic('enriched', utf8, json<EnrichedFlight>());
export const delays = topic('delays', utf8, json<number>());

/** The topics above with their partitions. */
export const flightTopics = { flights: 2, aircraft: 2, carriers: 1, enriched: 2, delays: 1 };

/** Joins flights with their aircraft and carrier and sums delays per carrier: a table, a global table, a repartition, a store. */
export function enrichment(): Topology {
  const t = new TopologyBuilder('enrichment');
  const models = t.table('aircraft', aircraft, { store: 'aircraft-by-tail' });
  const names = t.globalTable('carriers', carriers, { store: 'carriers-by-code' });
  const joined = t
    .stream('flights', flights)
    .leftJoin('with-aircraft', models, { join: (flight, model) => ({ ...flight, model }) })
    .leftJoin('with-carrier', names, {
      by: (flight) => flight.carrier,
      join: (flight, name): EnrichedFlight => ({ ...flight, name }),
    });
  joined.to('enriched-out', enriched);
  joined
    .groupBy('by-carrier', (flight) => flight.carrier, utf8)
    .aggregate('sum', { initialize: () => 0, add: (sum, flight) => sum + flight.delay, store: 'delay-sums' })
    .toStream('sums')
    .to('delays-out', delays);
  return t.build();
}

/** A flight as it is produced. */
export function flight(
  tail: string,
  carrier: string,
  delay: number,
  timestampMs = 1_000,
): {
  key: string;
  value: string;
  timestampMs: number;
} {
  return { key: tail, value: JSON.stringify({ tail, carrier, delay }), timestampMs };
}
