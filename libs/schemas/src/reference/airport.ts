import { COMPACTED_GLOBAL } from '../contract/creation.js';
import { jsonContract } from '../contract/json-contract.js';
import { AIRPORT, NAME } from '../flights/vocabulary.js';
import { textKey } from '../key/text-key.js';
import { REFERENCE_TIME_MS } from './reference-time.js';

/** An airport: `reference.airports`. */
export interface Airport {
  readonly version: 1;
  /** FAA code. */
  readonly faa: string;
  readonly name: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly altitudeFeet: number;
  /** Name of its time zone in the IANA data base. */
  readonly timeZone: string | null;
}

/** JSON Schema of {@link Airport}. */
export const airportSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Airport',
  type: 'object',
  properties: {
    version: { type: 'integer', const: 1 },
    faa: AIRPORT,
    name: NAME,
    latitude: { type: 'number', minimum: -90, maximum: 90 },
    longitude: { type: 'number', minimum: -180, maximum: 180 },
    altitudeFeet: { type: 'number' },
    timeZone: { type: ['string', 'null'], minLength: 1, maxLength: 64 },
  },
  required: ['version', 'faa', 'name', 'latitude', 'longitude', 'altitudeFeet', 'timeZone'],
  additionalProperties: false,
} as const;

/** `reference.airports`: a global table, keyed by the airport's code. */
export const airports = jsonContract<string, Airport>({
  name: 'reference.airports',
  key: textKey,
  versions: [{ version: 1, schema: airportSchema }],
  creation: COMPACTED_GLOBAL,
  keyOf: ({ faa }) => faa,
  timestampMsOf: () => REFERENCE_TIME_MS,
});
