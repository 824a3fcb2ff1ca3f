import { isDeepStrictEqual } from 'node:util';
import type { JsonSchema, JsonType } from '../json-schema/json-schema.js';
import type { ReaderProblem } from './reader-problem.js';

/** Keywords that say nothing about which values are allowed. */
const ANNOTATIONS = new Set([
  '$schema',
  '$id',
  '$comment',
  'title',
  'description',
  'examples',
  'default',
  'deprecated',
]);

/** Keywords that {@link jsonReaderProblems} understands; a change of any other one cannot be judged. */
const UNDERSTOOD = new Set([
  'type',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'enum',
  'const',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'pattern',
  'format',
]);

const LOWER_BOUNDS = ['minimum', 'minLength', 'minItems'] as const;
const UPPER_BOUNDS = ['maximum', 'maxLength', 'maxItems'] as const;

/**
 * Why `reader` would refuse values that `writer` allows; empty when every value of the one is a value of the other.
 *
 * Errs on the side of a problem: two schemas that allow the same in different words may be called incompatible, but an
 * incompatible pair never passes.
 */
export function jsonReaderProblems(writer: JsonSchema, reader: JsonSchema, pointer = ''): readonly ReaderProblem[] {
  const takesAnything = Object.keys(reader).every((keyword) => ANNOTATIONS.has(keyword));
  if (takesAnything) return [];
  return [
    ...typeProblems(writer, reader, pointer),
    ...valueProblems(writer, reader, pointer),
    ...boundProblems(writer, reader, pointer),
    ...textProblems(writer, reader, pointer),
    ...objectProblems(writer, reader, pointer),
    ...itemProblems(writer, reader, pointer),
    ...otherProblems(writer, reader, pointer),
  ];
}

function typesOf({ type }: JsonSchema): readonly JsonType[] | undefined {
  return typeof type === 'string' ? [type] : type;
}

/** Whether a schema can allow a value of one of these types; a bound on numbers says nothing about texts. */
function allows(schema: JsonSchema, ...wanted: readonly JsonType[]): boolean {
  return typesOf(schema)?.some((type) => wanted.includes(type)) ?? true;
}

function typeProblems(writer: JsonSchema, reader: JsonSchema, pointer: string): readonly ReaderProblem[] {
  const accepted = typesOf(reader);
  if (accepted === undefined) return [];
  const written = typesOf(writer);
  if (written === undefined) return [{ pointer, problem: `the type is narrowed from any to ${accepted.join(' or ')}` }];
  const refused = written.filter(
    (type) => !accepted.includes(type) && !(type === 'integer' && accepted.includes('number')),
  );
  return refused.length === 0
    ? []
    : [{ pointer, problem: `the type is narrowed: ${refused.join(' and ')} is no longer allowed` }];
}

function allowedValues({ const: only, enum: members }: JsonSchema): readonly unknown[] | undefined {
  if (only === undefined) return members;
  return members === undefined || members.includes(only) ? [only] : [];
}

function valueProblems(writer: JsonSchema, reader: JsonSchema, pointer: string): readonly ReaderProblem[] {
  const accepted = allowedValues(reader);
  if (accepted === undefined) return [];
  const written = allowedValues(writer);
  if (written === undefined) return [{ pointer, problem: 'any value is narrowed to a list of values' }];
  const refused = written.filter((value) => !accepted.includes(value));
  return refused.length === 0
    ? []
    : [{ pointer, problem: `the list of values is narrowed: ${JSON.stringify(refused)} is no longer allowed` }];
}

function boundProblems(writer: JsonSchema, reader: JsonSchema, pointer: string): readonly ReaderProblem[] {
  const problems: ReaderProblem[] = [];
  for (const keyword of LOWER_BOUNDS) {
    const least = reader[keyword];
    if (least !== undefined && (writer[keyword] ?? -Infinity) < least) {
      problems.push({ pointer, problem: `${keyword} is raised from ${writer[keyword] ?? 'none'} to ${least}` });
    }
  }
  for (const keyword of UPPER_BOUNDS) {
    const most = reader[keyword];
    if (most !== undefined && (writer[keyword] ?? Infinity) > most) {
      problems.push({ pointer, problem: `${keyword} is lowered from ${writer[keyword] ?? 'none'} to ${most}` });
    }
  }
  return problems.filter(() => allows(writer, 'number', 'integer', 'string', 'array'));
}

function textProblems(writer: JsonSchema, reader: JsonSchema, pointer: string): readonly ReaderProblem[] {
  if (!allows(writer, 'string')) return [];
  return (['pattern', 'format'] as const)
    .filter((keyword) => reader[keyword] !== undefined && reader[keyword] !== writer[keyword])
    .map((keyword) => ({ pointer, problem: `${keyword} is changed or added` }));
}

function objectProblems(writer: JsonSchema, reader: JsonSchema, pointer: string): readonly ReaderProblem[] {
  if (!allows(writer, 'object')) return [];
  const problems: ReaderProblem[] = [];
  for (const name of reader.required ?? []) {
    if (writer.required?.includes(name) !== true) {
      problems.push({
        pointer: `${pointer}/${name}`,
        problem: 'the field is required, but the writer may leave it out',
      });
    }
  }
  const names = new Set([...Object.keys(writer.properties ?? {}), ...Object.keys(reader.properties ?? {})]);
  for (const name of names) {
    problems.push(...fieldProblems(fieldSchema(writer, name), fieldSchema(reader, name), `${pointer}/${name}`));
  }
  problems.push(...fieldProblems(otherFields(writer), otherFields(reader), `${pointer}/*`));
  return problems;
}

/** What a schema says of one field: a schema, or false when there must be none of this name. */
function fieldSchema(schema: JsonSchema, name: string): JsonSchema | false {
  return schema.properties?.[name] ?? otherFields(schema);
}

/** What a schema says of fields that it does not name. */
function otherFields({ additionalProperties }: JsonSchema): JsonSchema | false {
  if (additionalProperties === false) return false;
  return typeof additionalProperties === 'object' ? additionalProperties : {};
}

function fieldProblems(
  writer: JsonSchema | false,
  reader: JsonSchema | false,
  pointer: string,
): readonly ReaderProblem[] {
  if (writer === false) return [];
  if (reader === false) return [{ pointer, problem: 'the field is removed or no longer allowed' }];
  return jsonReaderProblems(writer, reader, pointer);
}

function itemProblems(writer: JsonSchema, reader: JsonSchema, pointer: string): readonly ReaderProblem[] {
  if (!allows(writer, 'array') || reader.items === undefined) return [];
  return jsonReaderProblems(writer.items ?? {}, reader.items, `${pointer}/-`);
}

function otherProblems(writer: JsonSchema, reader: JsonSchema, pointer: string): readonly ReaderProblem[] {
  return [...new Set([...Object.keys(writer), ...Object.keys(reader)])]
    .filter((keyword) => !UNDERSTOOD.has(keyword) && !ANNOTATIONS.has(keyword))
    .filter((keyword) => !isDeepStrictEqual(writer[keyword], reader[keyword]))
    .map((keyword) => ({ pointer, problem: `${keyword} changes, which this check cannot judge: keep it as it was` }));
}
