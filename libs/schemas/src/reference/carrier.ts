import { COMPACTED_GLOBAL } from '../contract/creation.js';
import { jsonContract } from '../contract/json-contract.js';
import { CARRIER, NAME } from '../flights/vocabulary.js';
import { textKey } from '../key/text-key.js';
import { REFERENCE_TIME_MS } from './reference-time.js';

/** An airline: `reference.carriers`. */
export interface Carrier {
  readonly version: 1;
  /** IATA code. */
  readonly carrier: string;
  readonly name: string;
}

/** JSON Schema of {@link Carrier}. */
export const carrierSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Carrier',
  type: 'object',
  properties: { version: { type: 'integer', const: 1 }, carrier: CARRIER, name: NAME },
  required: ['version', 'carrier', 'name'],
  additionalProperties: false,
} as const;

/** `reference.carriers`: a global table, keyed by the airline's code. */
export const carriers = jsonContract<string, Carrier>({
  name: 'reference.carriers',
  key: textKey,
  versions: [{ version: 1, schema: carrierSchema }],
  creation: COMPACTED_GLOBAL,
  keyOf: ({ carrier }) => carrier,
  timestampMsOf: () => REFERENCE_TIME_MS,
});
