import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { FieldError } from '../contract/field-error.js';
import { explain } from './explain.js';
import { FORMATS } from './formats.js';
import type { JsonSchema } from './json-schema.js';

/** A schema compiled to code. ajv writes that code from the schema alone; schemas are our own, never a sender's. */
export interface SchemaValidator<V> {
  /** The hot path: stops at the first problem and says only whether there was one. */
  accepts(value: unknown): value is V;
  /** Finds every problem. The slow path: its code is compiled when it is first needed. */
  problems(value: unknown): readonly FieldError[];
}

/** Compiles a schema; unknown keywords and unknown formats throw here, at boot, not at the first record. */
export function compileSchema<V>(schema: JsonSchema): SchemaValidator<V> {
  const accepts = newAjv({ allErrors: false }).compile<V>(schema);
  let explaining: ValidateFunction | undefined;
  return {
    accepts,
    problems: (value) => {
      explaining ??= newAjv({ allErrors: true }).compile(schema);
      return explaining(value) ? [] : explain(explaining.errors ?? [], value);
    },
  };
}

function newAjv({ allErrors }: { allErrors: boolean }): Ajv2020 {
  const ajv = new Ajv2020({ allErrors, strict: true, allowUnionTypes: true, messages: false, verbose: allErrors });
  for (const [name, validate] of Object.entries(FORMATS)) ajv.addFormat(name, { type: 'string', validate });
  return ajv;
}
