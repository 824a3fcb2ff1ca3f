import { COMPACTED } from '../contract/creation.js';
import { jsonContract } from '../contract/json-contract.js';
import { AIRPORT, COUNT, DELAY_MINUTES } from '../flights/vocabulary.js';
import { UTC_HOUR } from '../json-schema/formats.js';
import { pairKey } from '../key/pair-key.js';
import { utcTimeMs } from '../time/utc-time.js';

/** Which airport and hour an {@link AirportHour} is about. */
export interface AirportHourKey {
  readonly origin: string;
  /** `YYYY-MM-DDTHH:00:00Z` */
  readonly hour: string;
}

/** What left an airport in an hour of the schedule: `airport.hourly`. */
export interface AirportHour extends AirportHourKey {
  readonly version: 1;
  /** Flights that departed. */
  readonly departures: number;
  /** Flights that did not. */
  readonly cancelled: number;
  /** Sum over those that departed; negative where most left early. */
  readonly delaySumMinutes: number;
  /** Null when none departed. */
  readonly delayMaxMinutes: number | null;
}

/** JSON Schema of {@link AirportHour}. */
export const airportHourSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'AirportHour',
  type: 'object',
  properties: {
    version: { type: 'integer', const: 1 },
    origin: AIRPORT,
    hour: UTC_HOUR,
    departures: COUNT,
    cancelled: COUNT,
    delaySumMinutes: { type: 'integer' },
    delayMaxMinutes: DELAY_MINUTES,
  },
  required: ['version', 'origin', 'hour', 'departures', 'cancelled', 'delaySumMinutes', 'delayMaxMinutes'],
  additionalProperties: false,
} as const;

/** Key `JFK|2013-01-01T10:00:00Z`. */
export const airportHourKey = pairKey(['origin', 'hour']);

/** `airport.hourly`: the last total of each airport and hour. */
export const airportHourly = jsonContract<AirportHourKey, AirportHour>({
  name: 'airport.hourly',
  key: airportHourKey,
  versions: [{ version: 1, schema: airportHourSchema }],
  creation: COMPACTED,
  keyOf: ({ origin, hour }) => ({ origin, hour }),
  timestampMsOf: ({ hour }) => utcTimeMs(hour),
});
