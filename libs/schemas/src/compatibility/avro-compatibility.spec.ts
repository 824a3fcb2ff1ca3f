import { describe, expect, it } from '@jest/globals';
import type { AvroRecordSchema } from '../avro/avro-schema.js';
import { checkCompatibility, type CompatibilityMode } from './compatibility.js';

const base: AvroRecordSchema = {
  type: 'record',
  name: 'Gate',
  namespace: 'airport',
  fields: [
    { name: 'gate', type: 'string' },
    { name: 'seats', type: 'int' },
  ],
};

function check(newer: AvroRecordSchema, mode: CompatibilityMode): readonly string[] {
  return checkCompatibility({ format: 'avro', schema: base }, { format: 'avro', schema: newer }, mode).map(
    ({ direction }) => direction,
  );
}

describe('the compatibility of Avro schemas', () => {
  it('finds nothing between a schema and itself', () => {
    expect(check(base, 'full')).toEqual([]);
  });

  it('allows a field that is added with a default', () => {
    const added = {
      ...base,
      fields: [...base.fields, { name: 'terminal', type: ['null', 'string'], default: null }],
    } as const;
    expect(check(added, 'full')).toEqual([]);
  });

  it('catches a field that is added without a default, which new readers miss in old data', () => {
    expect(check({ ...base, fields: [...base.fields, { name: 'terminal', type: 'string' }] }, 'full')).toEqual([
      'backward',
    ]);
  });

  it('catches a field that is removed and has no default, which old readers miss in new data', () => {
    const removed = { ...base, fields: base.fields.slice(0, 1) };
    expect(check(removed, 'full')).toEqual(['forward']);
    expect(check(removed, 'backward')).toEqual([]);
  });

  it('lets a number be widened for new readers, not for old ones', () => {
    const widened: AvroRecordSchema = {
      ...base,
      fields: [
        { name: 'gate', type: 'string' },
        { name: 'seats', type: 'long' },
      ],
    };
    expect(check(widened, 'backward')).toEqual([]);
    expect(check(widened, 'full')).toEqual(['forward']);
  });

  it('catches a type that changes and a record of another name', () => {
    const changed: AvroRecordSchema = {
      ...base,
      fields: [
        { name: 'gate', type: 'int' },
        { name: 'seats', type: 'int' },
      ],
    };
    expect(check(changed, 'full')).toEqual(['backward', 'forward']);
    expect(check({ ...base, name: 'Door' }, 'full')).toEqual(['backward', 'forward']);
  });
});
