import { avroContract } from '../avro/avro-contract.js';
import { KEPT } from '../contract/creation.js';
import { textKey } from '../key/text-key.js';
import { utcTimeMs } from '../time/utc-time.js';
import type { Departure } from './departure.js';

/** A departure with what the reference tables and the weather know about it: `flights.enriched`. */
export interface EnrichedFlight extends Omit<Departure, 'version'> {
  /** Model of the aircraft, null where the tail number is not in the register. */
  readonly aircraftModel: string | null;
  readonly carrierName: string | null;
  readonly destName: string | null;
  /** Weather at the origin in the hour of the scheduled departure. */
  readonly temperatureF: number | null;
  readonly windSpeedMph: number | null;
}

/** Avro schema of {@link EnrichedFlight}. A field that is added later needs a default. */
export const enrichedFlightSchema = {
  type: 'record',
  name: 'EnrichedFlight',
  namespace: 'millrace.flights',
  fields: [
    { name: 'carrier', type: 'string' },
    { name: 'flight', type: 'int' },
    { name: 'tailNumber', type: ['null', 'string'], default: null },
    { name: 'origin', type: 'string' },
    { name: 'dest', type: 'string' },
    { name: 'scheduledAt', type: 'string' },
    { name: 'timeHour', type: 'string' },
    { name: 'minute', type: 'int' },
    { name: 'departed', type: 'boolean' },
    { name: 'departureDelayMinutes', type: ['null', 'int'], default: null },
    { name: 'arrivalDelayMinutes', type: ['null', 'int'], default: null },
    { name: 'airTimeMinutes', type: ['null', 'int'], default: null },
    { name: 'distanceMiles', type: ['null', 'int'], default: null },
    { name: 'aircraftModel', type: ['null', 'string'], default: null },
    { name: 'carrierName', type: ['null', 'string'], default: null },
    { name: 'destName', type: ['null', 'string'], default: null },
    { name: 'temperatureF', type: ['null', 'double'], default: null },
    { name: 'windSpeedMph', type: ['null', 'double'], default: null },
  ],
} as const;

/** `flights.enriched`: keyed by origin. */
export const enriched = avroContract<string, EnrichedFlight>({
  name: 'flights.enriched',
  key: textKey,
  versions: [{ version: 1, schema: enrichedFlightSchema }],
  creation: KEPT,
  keyOf: ({ origin }) => origin,
  timestampMsOf: ({ scheduledAt }) => utcTimeMs(scheduledAt),
});
