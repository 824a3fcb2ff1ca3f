import { COMPACTED } from '../contract/creation.js';
import { jsonContract } from '../contract/json-contract.js';
import { CARRIER, COUNT } from '../flights/vocabulary.js';
import { UTC_DATE } from '../json-schema/formats.js';
import { pairKey } from '../key/pair-key.js';
import { utcDateMs } from '../time/utc-time.js';

/** Which airline and day a {@link CarrierDay} is about. */
export interface CarrierDayKey {
  readonly carrier: string;
  /** `YYYY-MM-DD` in UTC. */
  readonly date: string;
}

/** What an airline flew on a day of the schedule: `carrier.daily`. */
export interface CarrierDay extends CarrierDayKey {
  readonly version: 1;
  /** Flights of the schedule, cancelled ones included. */
  readonly flights: number;
  readonly cancelled: number;
  /** Sum over those whose arrival delay is known. */
  readonly arrivalDelaySumMinutes: number;
}

/** JSON Schema of {@link CarrierDay}. */
export const carrierDaySchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'CarrierDay',
  type: 'object',
  properties: {
    version: { type: 'integer', const: 1 },
    carrier: CARRIER,
    date: UTC_DATE,
    flights: COUNT,
    cancelled: COUNT,
    arrivalDelaySumMinutes: { type: 'integer' },
  },
  required: ['version', 'carrier', 'date', 'flights', 'cancelled', 'arrivalDelaySumMinutes'],
  additionalProperties: false,
} as const;

/** Key `UA|2013-01-01`. */
export const carrierDayKey = pairKey(['carrier', 'date']);

/** `carrier.daily`: the last total of each airline and day. */
export const carrierDaily = jsonContract<CarrierDayKey, CarrierDay>({
  name: 'carrier.daily',
  key: carrierDayKey,
  versions: [{ version: 1, schema: carrierDaySchema }],
  creation: COMPACTED,
  keyOf: ({ carrier, date }) => ({ carrier, date }),
  timestampMsOf: ({ date }) => utcDateMs(date),
});
