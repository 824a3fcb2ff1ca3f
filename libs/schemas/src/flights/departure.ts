import { jsonContract } from '../contract/json-contract.js';
import { UTC_HOUR, UTC_TIME } from '../json-schema/formats.js';
import { textKey } from '../key/text-key.js';
import { utcTimeMs } from '../time/utc-time.js';
import { AIRPORT, CARRIER, DELAY_MINUTES, TAIL_NUMBER_OR_NULL } from './vocabulary.js';
import { KEPT } from '../contract/creation.js';

/**
 * A scheduled departure from New York, as the API gateway reports it: `flights.departures`.
 *
 * (carrier, flight, origin, timeHour, minute) is its identity. Its event time is `scheduledAt`, so a delayed flight
 * arrives out of order.
 */
export interface Departure {
  readonly version: 1;
  /** IATA code of the airline. */
  readonly carrier: string;
  /** Flight number. */
  readonly flight: number;
  /** Tail number of the aircraft, where it is known. */
  readonly tailNumber: string | null;
  readonly origin: string;
  readonly dest: string;
  /** When it was to depart: `YYYY-MM-DDTHH:MM:SSZ`. */
  readonly scheduledAt: string;
  /** The hour of `scheduledAt`. */
  readonly timeHour: string;
  /** The minute of `scheduledAt`. */
  readonly minute: number;
  /** Whether it departed at all; false for a cancelled flight. */
  readonly departed: boolean;
  /** Negative when it left early, null when it did not leave. */
  readonly departureDelayMinutes: number | null;
  /** Negative when it came early, null when it did not arrive or was diverted. */
  readonly arrivalDelayMinutes: number | null;
  readonly airTimeMinutes: number | null;
  readonly distanceMiles: number | null;
}

/** JSON Schema of {@link Departure}. */
export const departureSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Departure',
  type: 'object',
  properties: {
    version: { type: 'integer', const: 1 },
    carrier: CARRIER,
    flight: { type: 'integer', minimum: 0, maximum: 99_999 },
    tailNumber: TAIL_NUMBER_OR_NULL,
    origin: AIRPORT,
    dest: AIRPORT,
    scheduledAt: UTC_TIME,
    timeHour: UTC_HOUR,
    minute: { type: 'integer', minimum: 0, maximum: 59 },
    departed: { type: 'boolean' },
    departureDelayMinutes: DELAY_MINUTES,
    arrivalDelayMinutes: DELAY_MINUTES,
    airTimeMinutes: { type: ['integer', 'null'], minimum: 0, maximum: 100_000 },
    distanceMiles: { type: ['integer', 'null'], minimum: 0, maximum: 100_000 },
  },
  required: [
    'version',
    'carrier',
    'flight',
    'tailNumber',
    'origin',
    'dest',
    'scheduledAt',
    'timeHour',
    'minute',
    'departed',
    'departureDelayMinutes',
    'arrivalDelayMinutes',
    'airTimeMinutes',
    'distanceMiles',
  ],
  additionalProperties: false,
} as const;

/** `flights.departures`: the gateway's events, keyed by tail number, which flights without one lack. */
export const departures = jsonContract<string, Departure>({
  name: 'flights.departures',
  key: textKey,
  versions: [{ version: 1, schema: departureSchema }],
  creation: KEPT,
  keyOf: ({ tailNumber }) => tailNumber,
  timestampMsOf: ({ scheduledAt }) => utcTimeMs(scheduledAt),
});
