import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '@millrace/kernel';
import { enrichedFlightSchema } from '../flights/enriched.js';
import { allContracts } from '../topics.js';
import type { ContractRegistry } from './contract-registry.js';
import { valueSubject } from './contract-registry.js';
import { InProcessContractRegistry } from './in-process-registry.js';

/** Values in Kafka carry it, so it never changes. */
const ENRICHED_V1_ID = 279_118_567;

const field = (type: string): object => ({ type: 'object', properties: { a: { type } }, required: ['a'] });

async function registerAll(registry: ContractRegistry): Promise<readonly number[]> {
  const ids: number[] = [];
  for (const { name, format, versions } of allContracts()) {
    for (const { schema } of versions) ids.push((await registry.register(valueSubject(name), { format, schema })).id);
  }
  return ids;
}

describe('InProcessContractRegistry', () => {
  it('gives every contract an id of its own that is the same in every registry', async () => {
    const ids = await registerAll(new InProcessContractRegistry());
    expect(new Set(ids).size).toBe(ids.length);
    expect(await registerAll(new InProcessContractRegistry())).toEqual(ids);
    for (const id of ids) expect(id).toBeGreaterThan(0);
  });

  it('keeps the id that stands in the frames of enriched flights', async () => {
    const registry = new InProcessContractRegistry();
    const { id } = await registry.register('flights.enriched-value', { format: 'avro', schema: enrichedFlightSchema });
    expect(id).toBe(ENRICHED_V1_ID);
    expect(await registry.schemaById(id)).toMatchObject({ subject: 'flights.enriched-value', version: 1 });
  });

  it('finds a schema again whatever the order of its keywords', async () => {
    const registry = new InProcessContractRegistry();
    const first = await registry.register('s', { format: 'json-schema', schema: { type: 'object', title: 'A' } });
    const again = await registry.register('s', { format: 'json-schema', schema: { title: 'A', type: 'object' } });
    expect(again).toBe(first);
    expect(await registry.versionsOf('s')).toHaveLength(1);
  });

  it('numbers compatible versions and refuses an incompatible one, saying why', async () => {
    const registry = new InProcessContractRegistry();
    await registry.register('s', { format: 'json-schema', schema: field('integer') });
    expect(await registry.register('s', { format: 'json-schema', schema: field('number') })).toMatchObject({
      version: 2,
    });
    const refused = registry.register('s', { format: 'json-schema', schema: field('string') });
    await expect(refused).rejects.toBeInstanceOf(ConfigurationError);
    await expect(refused).rejects.toMatchObject({
      problems: [
        'backward with version 1: /a: the type is narrowed: integer is no longer allowed',
        'backward with version 2: /a: the type is narrowed: number is no longer allowed',
      ],
    });
  });

  it('knows nothing of other ids and subjects', async () => {
    const registry = new InProcessContractRegistry();
    expect(await registry.schemaById(1)).toBeUndefined();
    expect(await registry.versionsOf('none')).toEqual([]);
  });
});
