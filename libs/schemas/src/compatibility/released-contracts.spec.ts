import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Contract } from '../contract/contract.js';
import type { JsonSchema } from '../json-schema/json-schema.js';
import { sampleValues } from '../../test/sample-values.js';
import { allContracts } from '../topics.js';
import { checkCompatibility } from './compatibility.js';

/**
 * `contracts/` holds every form of a contract that was ever released: `<topic>.v<version>[.<revision>].json` or `.avsc`.
 * They are never edited. A change of a contract is released by adding a file with the text that the failing test shows.
 */
const FOLDER = fileURLToPath(new URL('../../contracts/', import.meta.url));
const FILE_NAME = /^(?<topic>.+)\.v(?<version>\d+)(?:\.(?<revision>\d+))?\.(?:json|avsc)$/;

interface Release {
  readonly topic: string;
  readonly version: number;
  readonly revision: number;
  readonly schema: object;
}

const releases: readonly Release[] = readdirSync(FOLDER)
  .map((file) => {
    const { topic, version, revision } = FILE_NAME.exec(file)?.groups ?? {};
    if (topic === undefined)
      throw new Error(`${file} in contracts/ is not named <topic>.v<version>[.<revision>].json or .avsc`);
    const schema = JSON.parse(readFileSync(`${FOLDER}${file}`, 'utf8')) as object;
    return { topic, version: Number(version), revision: Number(revision ?? 0), schema };
  })
  .sort((left, right) => left.revision - right.revision);

function releasesOf(contract: Contract<unknown, unknown>, version: number): readonly Release[] {
  return releases.filter((each) => each.topic === contract.name && each.version === version);
}

const current = allContracts().flatMap((contract) => contract.versions.map((version) => ({ contract, ...version })));

describe.each(current)('$contract.name version $version', ({ contract, version, schema }) => {
  it('is what was released last', () => {
    expect(releasesOf(contract, version).at(-1)?.schema).toEqual(schema);
  });

  it('is compatible with everything that was released under its number', () => {
    for (const release of releasesOf(contract, version)) {
      const { format, compatibility } = contract;
      expect(checkCompatibility({ format, schema: release.schema }, { format, schema }, compatibility)).toEqual([]);
    }
  });

  it('would be caught if it lost a field, made one narrower or asked for one more', () => {
    const { format, compatibility } = contract;
    const changes = format === 'avro' ? avroChanges(schema) : jsonChanges(schema as JsonSchema);
    expect(changes.length).toBeGreaterThan(5);
    for (const changed of changes) {
      expect(checkCompatibility({ format, schema }, { format, schema: changed }, compatibility)).not.toEqual([]);
    }
  });
});

describe('the released contracts', () => {
  it('can all still be read by a current contract', () => {
    const known = current.map(({ contract, version }) => `${contract.name} v${version}`);
    for (const { topic, version } of releases) expect(known).toContain(`${topic} v${version}`);
  });

  it('each have a sample that their contract reads back as it was', () => {
    for (const contract of allContracts()) {
      const sample = sampleValues[contract.name] as object;
      const bytes = contract.value.serialize(sample);
      expect({ ...(contract.value.deserialize(bytes, 0, bytes.length) as object) }).toEqual(sample);
      expect(contract.validate(sample)).toEqual([]);
    }
  });

  it('number the versions of JSON from 1 without gaps, pin the number in the schema, and lead to the next', () => {
    for (const { format, versions } of allContracts()) {
      expect(versions.map(({ version }) => version)).toEqual(versions.map((_each, index) => index + 1));
      if (format === 'avro') continue;
      for (const { version, schema } of versions) {
        expect((schema as JsonSchema).properties?.['version']).toMatchObject({ const: version });
        expect((schema as JsonSchema).required).toContain('version');
      }
      for (const each of versions.slice(0, -1)) expect(each).toHaveProperty('upcast');
    }
  });
});

/** Incompatible forms of a schema: what a careless change would look like. */
function jsonChanges(schema: JsonSchema): readonly JsonSchema[] {
  const fields = Object.entries(schema.properties ?? {});
  const withFields = (changed: readonly (readonly [string, JsonSchema])[]): JsonSchema => ({
    ...schema,
    properties: Object.fromEntries(changed),
  });
  return [
    { ...withFields([...fields, ['added', { type: 'string' }]]), required: [...(schema.required ?? []), 'added'] },
    ...fields.map(([name]) => withFields(fields.filter(([other]) => other !== name))),
    ...fields.map(([name]) =>
      withFields(
        fields.map(([other, field]) => [other, other === name ? { ...field, type: 'array' as const } : field]),
      ),
    ),
    ...fields.map(([name]) =>
      withFields(fields.map(([other, field]) => [other, other === name ? { ...field, enum: [17] } : field])),
    ),
  ].filter((each) => JSON.stringify(each) !== JSON.stringify(schema));
}

interface AvroFields {
  readonly fields: readonly { readonly name: string; readonly type: unknown }[];
}

function avroChanges(schema: object): readonly object[] {
  const { fields } = schema as AvroFields;
  return [
    { ...schema, fields: [...fields, { name: 'added', type: 'string' }] },
    ...fields
      .filter((field) => !('default' in field))
      .map(({ name }) => ({ ...schema, fields: fields.filter((other) => other.name !== name) })),
    ...fields.map(({ name }) => ({
      ...schema,
      fields: fields.map((other) => (other.name === name ? { name, type: { type: 'array', items: 'string' } } : other)),
    })),
  ];
}
