import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RecordError } from '@millrace/kernel';
import { TopologyBuilder, json, topic, utf8, type Topology } from '@millrace/streams';
import { Apps } from '../../test/apps.js';
import { EmbeddedCluster } from '../../test/embedded-cluster.js';

const stocks = topic('stocks', utf8, json<number>());
const total = topic('total', utf8, json<number>());

/** The sum of a table's rows, and a check below the table that refuses 20. */
function summing(): Topology {
  const t = new TopologyBuilder('summing');
  const table = t.table('stocks', stocks, { store: 'stock-rows' });
  table
    .groupBy('all', () => 'all', utf8)
    .aggregate<number>('sum', {
      store: 'sums',
      value: json<number>(),
      initialize: () => 0,
      add: (sum, value) => sum + value,
      subtract: (sum, value) => sum - value,
    })
    .toStream('changes')
    .to('total', total);
  table.toStream('checked').foreach('check', (value) => {
    if (value === 20) throw new RecordError('MR_RECORD_REJECTED', 'no');
  });
  return t.build();
}

let cluster: EmbeddedCluster;
const apps = new Apps(() => cluster);

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ stocks: 1, total: 1 });
});

afterEach(async () => {
  await apps.stop();
  await cluster.stop();
});

describe('an update of a table that became a dead letter', () => {
  it('does not come back with the restore of the table from its topic', async () => {
    const options = { policies: { summing: { onProcessingError: 'dead-letter' } }, instanceId: 'pod-1' } as const;
    await cluster.produce('stocks', [
      { key: 'a', value: '1' },
      { key: 'b', value: '10' },
      { key: 'b', value: '20' },
      { key: 'b', value: '{broken' },
    ]);
    await (await apps.start(summing(), options)).drained();
    await apps.stop();

    await cluster.produce('stocks', [{ key: 'b', value: '30' }]);
    await (await apps.start(summing(), options)).drained();

    expect((await cluster.read('stocks-dlt')).map(({ value }) => value)).toEqual(['20', '{broken']);
    expect((await cluster.read('total')).at(-1)?.value).toBe('31');
    expect(await cluster.admin.listTopics()).toContain('app-stock-rows-exceptions-changelog');
  });
});
