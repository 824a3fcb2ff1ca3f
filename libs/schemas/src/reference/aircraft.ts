import { COMPACTED } from '../contract/creation.js';
import { jsonContract } from '../contract/json-contract.js';
import { NAME, TAIL_NUMBER } from '../flights/vocabulary.js';
import { textKey } from '../key/text-key.js';
import { REFERENCE_TIME_MS } from './reference-time.js';

/** An aircraft of the register: `reference.aircraft`. */
export interface Aircraft {
  readonly version: 1;
  readonly tailNumber: string;
  readonly yearBuilt: number | null;
  readonly type: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly engines: number;
  readonly seats: number;
  readonly engineType: string;
}

/** JSON Schema of {@link Aircraft}. */
export const aircraftSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Aircraft',
  type: 'object',
  properties: {
    version: { type: 'integer', const: 1 },
    tailNumber: TAIL_NUMBER,
    yearBuilt: { type: ['integer', 'null'], minimum: 1900, maximum: 2100 },
    type: NAME,
    manufacturer: NAME,
    model: NAME,
    engines: { type: 'integer', minimum: 0, maximum: 16 },
    seats: { type: 'integer', minimum: 0, maximum: 2_000 },
    engineType: NAME,
  },
  required: ['version', 'tailNumber', 'yearBuilt', 'type', 'manufacturer', 'model', 'engines', 'seats', 'engineType'],
  additionalProperties: false,
} as const;

/** `reference.aircraft`: keyed by tail number, with as many partitions as the departures that are joined with it. */
export const aircraft = jsonContract<string, Aircraft>({
  name: 'reference.aircraft',
  key: textKey,
  versions: [{ version: 1, schema: aircraftSchema }],
  creation: COMPACTED,
  keyOf: ({ tailNumber }) => tailNumber,
  timestampMsOf: () => REFERENCE_TIME_MS,
});
