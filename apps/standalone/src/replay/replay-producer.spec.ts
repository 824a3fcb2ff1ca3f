import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EmbeddedBroker } from '@millrace/broker';
import { Admin, Cluster, CommittedRecords, Fetcher } from '@millrace/client';
import { topics } from '@millrace/schemas';
import { carrierOf } from '../data/reference-tables.js';
import { CsvTable } from '../data/csv-table.js';
import { ReplayPlan } from './replay-plan.js';
import { POSITION_TOPIC, ReplayProducer } from './replay-producer.js';

const CARRIERS = Array.from({ length: 20 }, (_, row) => `${String.fromCharCode(65 + row)}1`);

function planOf(carriers: readonly string[]): ReplayPlan {
  const table = CsvTable.parse(
    'airlines.csv',
    Buffer.from(['carrier,name', ...carriers.map((each) => `${each},n`)].join('\n')),
  );
  const events = {
    count: table.rowCount,
    publish: (row: number, output: Parameters<ReplayPlan['publish']>[2]) =>
      output.event(topics.carriers.name, carrierOf(table, row)),
  };
  const raw = { topic: topics.carriers.name, key: null, value: Buffer.from('not JSON') };
  return new ReplayPlan({ reference: [], faulty: { count: 1, publish: (_, output) => output.raw(raw) }, events });
}

describe('ReplayProducer', () => {
  let broker: EmbeddedBroker;
  let cluster: Cluster;

  beforeEach(async () => {
    broker = new EmbeddedBroker({});
    await broker.start();
    cluster = new Cluster({ bootstrap: ['memory:0'], clientId: 'spec', dialer: broker.dialer() });
    await cluster.start();
    await new Admin(cluster).createTopics([
      { name: topics.carriers.name, partitions: 1 },
      { name: POSITION_TOPIC, partitions: 1 },
    ]);
  });
  afterEach(async () => {
    await cluster.stop();
    await broker.stop();
  });

  async function startReplay(plan: ReplayPlan): Promise<ReplayProducer> {
    const replay = new ReplayProducer(plan, cluster);
    await replay.start();
    return replay;
  }

  async function committedKeys(): Promise<string[]> {
    const fetcher = new Fetcher(cluster, { isolation: 'read_committed' });
    await fetcher.start();
    const place = { topic: topics.carriers.name, partition: 0 };
    fetcher.assign([{ ...place, offset: 0 }]);
    const keys: string[] = [];
    const records = new CommittedRecords();
    while (!fetcher.isCaughtUp(place)) {
      for (const batch of await fetcher.poll(1_000)) {
        records.reset(batch);
        while (records.nextRecord()) keys.push(records.cursor.key()?.toString() ?? 'faulty');
      }
    }
    await fetcher.stop();
    return keys;
  }

  it('publishes everything once and in order', async () => {
    const replay = await startReplay(planOf(CARRIERS));
    while (!replay.isDone) await replay.publishNext(6);
    await replay.stop();
    expect(await committedKeys()).toEqual(['faulty', ...CARRIERS]);
  });

  it('goes on behind the last committed record after a crash in the middle of a transaction', async () => {
    const killed = await startReplay(planOf(CARRIERS));
    await killed.publishNext(5);
    const cutOff = killed.publishNext(5).catch(() => 'fenced');
    const next = await startReplay(planOf(CARRIERS));
    const outcome = await cutOff;
    expect(next.position).toBe(outcome === 'fenced' ? 5 : 10);
    while (!next.isDone) await next.publishNext(100);
    await next.stop();
    expect(await committedKeys()).toEqual(['faulty', ...CARRIERS]);
  });

  it('has nothing to do when everything has been published', async () => {
    const first = await startReplay(planOf(CARRIERS));
    await first.publishNext(100);
    await first.stop();
    const second = await startReplay(planOf(CARRIERS));
    expect(second.isDone).toBe(true);
    await second.stop();
  });

  it('refuses a cluster that was filled with more than it has', async () => {
    const first = await startReplay(planOf(CARRIERS));
    await first.publishNext(100);
    await first.stop();
    await expect(startReplay(planOf(CARRIERS.slice(0, 3)))).rejects.toMatchObject({ code: 'MR_STATE_INCOMPATIBLE' });
  });

  it('refuses data that breaks a contract rather than lose a row', async () => {
    const replay = await startReplay(planOf(['too long a code']));
    await expect(replay.publishNext(100)).rejects.toThrow(/breaks the contract of 'reference.carriers': \/carrier/);
  });
});
