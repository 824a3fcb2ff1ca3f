import { describe, expect, it } from '@jest/globals';
import {
  TopologyBuilder,
  describeTopology,
  json,
  readDescription,
  topic,
  tumbling,
  utf8,
  windowedKey,
  withErrorPolicy,
  writeDescription,
  type Topology,
} from '../../index.js';
import { readFile } from 'node:fs/promises';

function shop(): Topology {
  const t = new TopologyBuilder('shop');
  const countries = t.globalTable('countries', topic('countries', utf8, json<string>()), { store: 'countries' });
  const people = t.table('people', topic('people', utf8, json<string>()), { store: 'people' });
  t.stream('orders', topic('orders', utf8, json<string>()))
    .leftJoin('with-person', people, { join: (order) => order })
    .leftJoin('with-country', countries, { join: (order) => order })
    .groupBy('by-country', (order) => order, utf8)
    .windowedBy(tumbling({ size: '1h', grace: '5m' }))
    .count('per-hour', { store: 'orders-per-hour' })
    .toStream('changes')
    .to('totals', topic('totals', windowedKey(utf8, 3_600_000), json<number>()));
  t.idleAdvance('when-idle', { after: '10s' });
  return withErrorPolicy(t.build(), { retryTopic: { delays: ['10s', '1m'], order: 'per-key' } });
}

describe('a topology description', () => {
  it('holds every name and every fact that decides about what stands, as its golden file shows', async () => {
    const golden = await readFile(new URL('golden/shop.lock.json', import.meta.url), 'utf8');

    expect(writeDescription(describeTopology(shop()))).toBe(golden);
  });

  it('is read as it was written', () => {
    const description = describeTopology(shop());

    expect(readDescription(writeDescription(description), 'a file')).toEqual(description);
  });

  it.each([
    ['something else', '{', /it is not JSON/],
    ['another format', '{"format":"other"}', /its format is not 'millrace-topology'/],
    ['null', 'null', /its format is not 'millrace-topology'/],
    ['a newer version', '{"format":"millrace-topology","version":2}', /its version is 2, and this release reads 1/],
    ['a part', '{"format":"millrace-topology","version":1,"topology":"t"}', /lacks some of its parts/],
  ])('is refused where it is %s', (_what, text, reason) => {
    expect(() => readDescription(text, 'shop.lock.json')).toThrow(reason);
    expect(() => readDescription(text, 'shop.lock.json')).toThrow(
      /in shop\.lock\.json .*\n.*npm run topology -- write/,
    );
  });
});
