import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import type { JsonSchema, JsonType } from '../json-schema/json-schema.js';
import { checkCompatibility, type CompatibilityMode } from './compatibility.js';

const base = {
  type: 'object',
  properties: { id: { type: 'integer', minimum: 0 }, state: { type: 'string', enum: ['on', 'off'] } },
  required: ['id'],
  additionalProperties: false,
} as const satisfies JsonSchema;

function check(older: JsonSchema, newer: JsonSchema, mode: CompatibilityMode): readonly string[] {
  return checkCompatibility(
    { format: 'json-schema', schema: older },
    { format: 'json-schema', schema: newer },
    mode,
  ).map(({ direction, pointer, problem }) => `${direction} ${pointer}: ${problem}`);
}

function withField(name: string, field: JsonSchema): JsonSchema {
  return { ...base, properties: { ...base.properties, [name]: field } };
}

describe('the compatibility of JSON Schemas', () => {
  it('finds nothing between a schema and itself, whatever its texts for people say', () => {
    expect(check(base, { ...base, title: 'Switch', description: 'a switch' }, 'full')).toEqual([]);
  });

  it.each<[string, JsonSchema, CompatibilityMode, string]>([
    [
      'a required field that is added',
      { ...withField('gate', { type: 'string' }), required: ['id', 'gate'] },
      'backward',
      'backward /gate: the field is required, but the writer may leave it out',
    ],
    [
      'an optional field that becomes required',
      { ...base, required: ['id', 'state'] },
      'backward',
      'backward /state: the field is required, but the writer may leave it out',
    ],
    [
      'a required field that becomes optional',
      { ...base, required: [] },
      'forward',
      'forward /id: the field is required, but the writer may leave it out',
    ],
    [
      'a type that is narrowed',
      withField('id', { type: 'integer', minimum: 5 }),
      'backward',
      'backward /id: minimum is raised from 0 to 5',
    ],
    [
      'a type that changes',
      withField('id', { type: 'string' }),
      'backward',
      'backward /id: the type is narrowed: integer is no longer allowed',
    ],
    [
      'a type that is widened, for older readers',
      withField('id', { type: 'number', minimum: 0 }),
      'forward',
      'forward /id: the type is narrowed: number is no longer allowed',
    ],
    [
      'a list of values that is narrowed',
      withField('state', { type: 'string', enum: ['on'] }),
      'backward',
      'backward /state: the list of values is narrowed: ["off"] is no longer allowed',
    ],
    [
      'a list of values that is widened, for older readers',
      withField('state', { type: 'string', enum: ['on', 'off', 'idle'] }),
      'forward',
      'forward /state: the list of values is narrowed: ["idle"] is no longer allowed',
    ],
    [
      'a field that is removed',
      { ...base, properties: { id: base.properties.id } },
      'backward',
      'backward /state: the field is removed or no longer allowed',
    ],
    [
      'a field that is added, for older readers that refuse other fields',
      withField('gate', { type: 'string' }),
      'forward',
      'forward /gate: the field is removed or no longer allowed',
    ],
    [
      'a schema that opens, for older readers',
      { ...base, additionalProperties: true },
      'forward',
      'forward /*: the field is removed or no longer allowed',
    ],
    [
      'a pattern that is added',
      withField('state', { ...base.properties.state, pattern: '^o' }),
      'backward',
      'backward /state: pattern is changed or added',
    ],
    [
      'a keyword that it does not understand',
      withField('id', { ...base.properties.id, multipleOf: 5 }),
      'backward',
      'backward /id: multipleOf changes, which this check cannot judge: keep it as it was',
    ],
  ])('catches %s', (_what, newer, mode, problem) => {
    expect(check(base, newer, mode)).toContain(problem);
    expect(check(base, newer, 'full')).toContain(problem);
  });

  it.each<[string, JsonSchema, CompatibilityMode]>([
    ['an optional field that is added to a closed schema', withField('gate', { type: 'string' }), 'backward'],
    ['a type that is widened', withField('id', { type: ['number', 'null'], minimum: 0 }), 'backward'],
    [
      'a list of values that is widened',
      withField('state', { type: 'string', enum: ['on', 'off', 'idle'] }),
      'backward',
    ],
    [
      'an optional field that is removed from a closed schema',
      { ...base, properties: { id: base.properties.id } },
      'forward',
    ],
  ])('allows %s', (_what, newer, mode) => {
    expect(check(base, newer, mode)).toEqual([]);
  });

  it('sees that a named field narrows an open schema, where it could have been anything', () => {
    const open: JsonSchema = { ...base, additionalProperties: true };
    const named: JsonSchema = { ...withField('gate', { type: 'string' }), additionalProperties: true };
    expect(check(open, named, 'backward')).toEqual(['backward /gate: the type is narrowed from any to string']);
  });

  it('calls a change of format a problem', () => {
    const problems = checkCompatibility(
      { format: 'json-schema', schema: base },
      { format: 'avro', schema: {} },
      'full',
    );
    expect(problems).toHaveLength(1);
    expect(problems[0]?.problem).toContain('use a new topic');
  });

  it('never passes a pair of which the reader refuses a value of the writer', () => {
    const field = fc.record(
      {
        type: fc.subarray<JsonType>(['integer', 'number', 'string', 'boolean', 'null'], { minLength: 1 }),
        minimum: fc.integer({ min: 0, max: 3 }),
        maximum: fc.integer({ min: 0, max: 3 }),
        maxLength: fc.nat(2),
        enum: fc.uniqueArray(fc.constantFrom<(string | number | boolean | null)[]>(0, 1, 'a', 'bc', true, null), {
          minLength: 1,
        }),
      },
      { requiredKeys: [] },
    );
    const schema = fc.record(
      {
        type: fc.constant<JsonType>('object'),
        properties: fc.record({ x: field, y: field }, { requiredKeys: [] }),
        required: fc.subarray(['x', 'y']),
        additionalProperties: fc.oneof(fc.boolean(), field),
      },
      { requiredKeys: ['type'] },
    ) as fc.Arbitrary<JsonSchema>;
    const member = fc.constantFrom(0, 1, 2, 3, 1.5, -1, 'a', 'bc', 'def', true, false, null);
    const value = fc.record({ x: member, y: member, z: member }, { requiredKeys: [] });
    let compatiblePairs = 0;
    fc.assert(
      fc.property(schema, schema, fc.array(value, { minLength: 5, maxLength: 20 }), (writer, reader, values) => {
        if (check(writer, reader, 'backward').length > 0) return;
        compatiblePairs += 1;
        const [writable, readable] = [writer, reader].map((each) => new Ajv2020({ strict: false }).compile(each));
        for (const each of values) if (writable?.(each)) expect(readable?.(each)).toBe(true);
      }),
      { numRuns: 400 },
    );
    expect(compatiblePairs).toBeGreaterThan(5);
  });
});
