/** How many values of each kind one core reads and writes, checks included: `node dist/bench/decode.bench.js`. */
import { SystemClock } from '@millrace/kernel';
import type { Departure } from '../flights/departure.js';
import type { EnrichedFlight } from '../flights/enriched.js';
import { topics } from '../topics.js';

const VALUES = 10_000;
const ROUNDS = 25;
const clock = new SystemClock();

const departures: readonly Departure[] = Array.from({ length: VALUES }, (_, nth) => ({
  version: 1,
  carrier: ['UA', 'AA', 'B6', '9E'][nth % 4] as string,
  flight: nth,
  tailNumber: nth % 50 === 0 ? null : `N${10_000 + nth}`,
  origin: ['EWR', 'JFK', 'LGA'][nth % 3] as string,
  dest: 'IAH',
  scheduledAt: `2013-01-01T10:${String(nth % 60).padStart(2, '0')}:00Z`,
  timeHour: '2013-01-01T10:00:00Z',
  minute: nth % 60,
  departed: true,
  departureDelayMinutes: (nth % 50) - 10,
  arrivalDelayMinutes: (nth % 70) - 20,
  airTimeMinutes: 227,
  distanceMiles: 1_400,
}));
const enriched: readonly EnrichedFlight[] = departures.map(({ version: _version, ...departure }) => ({
  ...departure,
  aircraftModel: '737-824',
  carrierName: 'United Air Lines Inc.',
  destName: 'George Bush Intercontinental',
  temperatureF: 39.02,
  windSpeedMph: 10.35702,
}));

/** Best of some rounds: what the code can do when the machine does nothing else. */
function measure<T>(name: string, items: readonly T[], work: (item: T) => unknown): void {
  let bestMs = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const startedMs = clock.monotonicMs();
    for (const item of items) work(item);
    bestMs = Math.min(bestMs, clock.monotonicMs() - startedMs);
  }
  console.log(`${name.padEnd(28)} ${Math.round(items.length / bestMs)} k/s`);
}

const jsonBytes = departures.map((value) => topics.departures.value.serialize(value));
const avroBytes = enriched.map((value) => topics.enriched.value.serialize(value));
console.log(`departure: ${jsonBytes[0]?.length} bytes of JSON; enriched flight: ${avroBytes[0]?.length} bytes of Avro`);
measure('JSON.parse alone', jsonBytes, (bytes) => JSON.parse(bytes.toString('utf8')) as unknown);
measure('read a departure, checked', jsonBytes, (bytes) => topics.departures.value.deserialize(bytes, 0, bytes.length));
measure('write a departure', departures, (value) => topics.departures.value.serialize(value));
measure('read an enriched flight', avroBytes, (bytes) => topics.enriched.value.deserialize(bytes, 0, bytes.length));
measure('write an enriched flight', enriched, (value) => topics.enriched.value.serialize(value));
