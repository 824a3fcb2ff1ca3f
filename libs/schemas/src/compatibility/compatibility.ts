import type { ContractFormat } from '../contract/contract.js';
import type { JsonSchema } from '../json-schema/json-schema.js';
import { avroReaderProblems } from './avro-compatibility.js';
import { jsonReaderProblems } from './json-compatibility.js';

/**
 * What a change of a schema must keep, in the words of the schema registries.
 *
 * - `backward`: the newer schema reads what was written with the older one. Consumers are deployed first.
 * - `forward`: the older schema reads what is written with the newer one. Producers are deployed first.
 * - `full`: both; the order of deployment does not matter.
 */
export type CompatibilityMode = 'backward' | 'forward' | 'full';

/** A reason why one schema cannot read what another one wrote. */
export interface CompatibilityProblem {
  /** Which schema reads: `backward` the newer one, `forward` the older one. */
  readonly direction: 'backward' | 'forward';
  /** JSON Pointer of the field, or for Avro the dotted path; empty for the record as a whole. */
  readonly pointer: string;
  readonly problem: string;
}

/** A schema with the format that says how to compare it. */
export interface ComparableSchema {
  readonly format: ContractFormat;
  readonly schema: object;
}

/** Why `newer` must not replace `older` under `mode`; empty when it may. */
export function checkCompatibility(
  older: ComparableSchema,
  newer: ComparableSchema,
  mode: CompatibilityMode,
): readonly CompatibilityProblem[] {
  if (older.format !== newer.format) {
    const problem = `the format changes from ${older.format} to ${newer.format}: use a new topic`;
    return [{ direction: mode === 'forward' ? 'forward' : 'backward', pointer: '', problem }];
  }
  const problems: CompatibilityProblem[] = [];
  if (mode !== 'forward') problems.push(...readerProblems(older, newer, 'backward'));
  if (mode !== 'backward') problems.push(...readerProblems(newer, older, 'forward'));
  return problems;
}

function readerProblems(
  writer: ComparableSchema,
  reader: ComparableSchema,
  direction: CompatibilityProblem['direction'],
): readonly CompatibilityProblem[] {
  const found =
    writer.format === 'avro'
      ? avroReaderProblems(writer.schema, reader.schema)
      : jsonReaderProblems(writer.schema as JsonSchema, reader.schema as JsonSchema);
  return found.map((each) => ({ direction, ...each }));
}
