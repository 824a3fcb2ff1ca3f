import type { ErrorObject } from 'ajv/dist/2020.js';
import type { FieldError } from '../contract/field-error.js';
import { FORMAT_NAMES } from './formats.js';
import type { JsonSchema } from './json-schema.js';

/** Names that may stand in a message; anything else a sender calls a field could be data. */
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,39}$/;

/** Turns ajv's errors into field errors that say what was expected and of what type the value is, never the value. */
export function explain(errors: readonly ErrorObject[], value: unknown): readonly FieldError[] {
  const explained = new Map<string, FieldError>();
  for (const error of errors) {
    const fieldError = explainOne(error, value);
    // One broken field often breaks several keywords; the first (type before pattern) says it best.
    if (!explained.has(fieldError.pointer)) explained.set(fieldError.pointer, fieldError);
  }
  return [...explained.values()];
}

function explainOne(error: ErrorObject, value: unknown): FieldError {
  const params = error.params as Readonly<Record<string, unknown>>;
  if (error.keyword === 'required') {
    return {
      pointer: `${error.instancePath}/${escapeToken(String(params['missingProperty']))}`,
      problem: 'is missing',
    };
  }
  if (error.keyword === 'additionalProperties') {
    const name = String(params['additionalProperty']);
    return PLAIN_NAME.test(name)
      ? { pointer: `${error.instancePath}/${escapeToken(name)}`, problem: 'is not a field of the contract' }
      : { pointer: error.instancePath, problem: 'has a field that is not of the contract' };
  }
  const schema = (error.parentSchema ?? {}) as JsonSchema;
  const found = error.keyword === 'type' ? `, but is ${typeText(valueAt(value, error.instancePath))}` : '';
  return { pointer: error.instancePath, problem: `must be ${expectation(schema, error.keyword)}${found}` };
}

function expectation(schema: JsonSchema, keyword: string): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return `one of ${schema.enum.map((member) => JSON.stringify(member)).join(', ')}`;
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? ['value']);
  const text = schema.format === undefined ? undefined : formatText(schema.format, schema.examples);
  const named = types.map((type) => (type === 'string' && text !== undefined ? text : article(type))).join(' or ');
  if (keyword === 'type') return named;
  return `${named}${bounds(schema)}`;
}

function formatText(format: string, examples: readonly unknown[] = []): string {
  const name = FORMAT_NAMES[format] ?? `a text of the format ${format}`;
  return typeof examples[0] === 'string' ? `${name} such as ${examples[0]}` : name;
}

function bounds({ minimum, maximum, minLength, maxLength, minItems, maxItems, pattern, format }: JsonSchema): string {
  const said = [
    range(minimum, maximum, ''),
    range(minLength, maxLength, ' characters'),
    range(minItems, maxItems, ' items'),
    // What a format expects is said by its example; its pattern would only repeat that.
    pattern === undefined || format !== undefined ? undefined : ` matching ${pattern}`,
  ];
  return said.filter((each) => each !== undefined).join('');
}

function range(least: number | undefined, most: number | undefined, unit: string): string | undefined {
  if (least !== undefined && most !== undefined) return ` from ${least} to ${most}${unit}`;
  if (least !== undefined) return ` of at least ${least}${unit}`;
  return most === undefined ? undefined : ` of at most ${most}${unit}`;
}

function article(type: string): string {
  if (type === 'null') return 'null';
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function typeText(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : article(typeof value);
}

function valueAt(value: unknown, pointer: string): unknown {
  let found = value;
  for (const token of pointer.split('/').slice(1)) {
    found = (found as Readonly<Record<string, unknown>>)[token.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return found;
}

function escapeToken(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
