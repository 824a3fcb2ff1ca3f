import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TopologyBuilder, TopologyChangeError, int64, topic, tumbling, utf8, type Topology } from '@millrace/streams';
import { eventually } from '@millrace/testing';
import { Apps } from '../../test/apps.js';
import { EmbeddedCluster, type SeenRecord } from '../../test/embedded-cluster.js';
import type { StreamsApp } from '../app/streams-app.js';
import type { StreamsAppOptions } from '../app/streams-app-options.js';

const orders = topic('orders', utf8, utf8);
const totals = topic('totals', utf8, int64);

let cluster: EmbeddedCluster;
const apps = new Apps(() => cluster);

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ orders: 2, totals: 2 });
});

afterEach(async () => {
  await apps.stop();
  await cluster.stop();
});

/** Versions of a topology that counts orders by key, by default as its first version. */
function shop({ store = 'totals-store', filter = false, also = false, window = 0 } = {}): Topology {
  const t = new TopologyBuilder('shop');
  let stream = t.stream('orders', orders);
  if (filter) stream = stream.filter('some', () => true);
  const grouped = stream.repartition('spread').groupByKey();
  if (window > 0) grouped.windowedBy(tumbling({ size: window, grace: 0 })).count('count', { store });
  else grouped.count('count', { store }).toStream('counted').to('totals', totals);
  if (also) grouped.count('count-too', { store: 'more' });
  return t.build();
}

async function run(topology: Topology, options: Partial<StreamsAppOptions> = {}): Promise<void> {
  const app = await apps.start(topology, options);
  await app.drained();
  await apps.stop();
}

async function refusal(topology: Topology, options: Partial<StreamsAppOptions> = {}): Promise<TopologyChangeError> {
  const error = await apps.start(topology, options).then(
    () => new Error('it started'),
    (failure: Error) => failure,
  );
  expect(error).toBeInstanceOf(TopologyChangeError);
  return error as TopologyChangeError;
}

const order = (key: string) => ({ key, value: 'x' });
const counted = async (): Promise<number[]> =>
  (await cluster.read('totals')).map(({ value }: SeenRecord) => Number(Buffer.from(value ?? '').readBigInt64BE()));

describe('an application that starts with changed topologies', () => {
  it('goes on with its state where the change is compatible, and says nothing', async () => {
    await cluster.produce('orders', [order('a')]);
    await run(shop());
    await cluster.produce('orders', [order('a')]);

    await run(shop({ filter: true, also: true }));

    expect((await counted()).at(-1)).toBe(2);
  });

  it('refuses with one error that lists everything with its remedy, before anything is created or changed', async () => {
    await cluster.produce('orders', [order('a')]);
    await run(shop());
    const before = await cluster.admin.listTopics();

    const error = await refusal(shop({ store: 'renamed', also: true }));

    expect(error.code).toBe('MR_STATE_INCOMPATIBLE');
    expect(error.problems).toEqual([expect.stringMatching(/^needs-migration: store totals-store: is gone/)]);
    expect(error.message).toContain("acceptTopologyChanges: ['store totals-store']");
    expect(await cluster.admin.listTopics()).toEqual(before);
    await run(shop());
  });

  it('refuses what would be misread until the change is accepted, once', async () => {
    await cluster.produce('orders', [order('a')]);
    await run(shop({ window: 1_000 }));
    const next = shop({ window: 2_000 });

    expect((await refusal(next)).changes).toMatchObject([
      { class: 'needs-reset', rule: 'store-windows-changed', place: 'store totals-store' },
    ]);
    await refusal(next, { acceptTopologyChanges: ['store other'] });
    await run(next, { acceptTopologyChanges: ['store totals-store'] });

    await run(next);
  });

  it('refuses to leave a repartition topic with records behind, and does not mind a drained one', async () => {
    const stateless = (name: string): Topology => {
      const t = new TopologyBuilder('shop');
      t.stream('orders', orders)
        .repartition(name)
        .mapValues('one', () => 1, int64)
        .to('totals', totals);
      return t.build();
    };
    await cluster.produce('orders', [order('a'), order('b')]);
    await run(stateless('one-way'));
    await cluster.produce('app-one-way-repartition', [order('c')]);
    expect((await refusal(stateless('other-way'))).changes).toMatchObject([{ rule: 'repartition-removed' }]);
    await run(stateless('one-way'));

    await run(stateless('other-way'));
  });

  it('does not mind that a store goes which nothing was ever written to', async () => {
    await run(shop({ also: true }));

    await run(shop());
  });

  it('refuses a store that comes back with rows of an earlier version', async () => {
    await cluster.produce('orders', [order('a')]);
    await run(shop({ also: true }));
    await run(shop(), { acceptTopologyChanges: ['store more'] });

    expect((await refusal(shop({ also: true }))).changes).toMatchObject([
      { class: 'needs-reset', rule: 'store-returned', place: 'store more' },
    ]);
  });

  it('knows each application by itself, and starts anew under another id', async () => {
    await cluster.produce('orders', [order('a')]);
    await run(shop());

    await run(shop({ store: 'renamed' }), { applicationId: 'app2' });
    await run(shop({ store: 'renamed' }), { applicationId: 'app3', processingGuarantee: 'at_least_once' });
    await refusal(shop(), { applicationId: 'app3', processingGuarantee: 'at_least_once' });
  });

  it('is what one version says when processes of several start for the first time at once', async () => {
    const versions = [1_000, 2_000, 1_000, 2_000, 1_000];
    const outcomes = await Promise.allSettled(versions.map((window) => apps.start(shop({ window }))));

    const started = versions.filter((_window, nth) => outcomes[nth]?.status === 'fulfilled');
    const refused = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason as Error] : []));
    expect(new Set(started).size).toBe(1);
    expect(started).toHaveLength(versions.filter((window) => window === started[0]).length);
    for (const error of refused) expect(error).toBeInstanceOf(TopologyChangeError);
  });

  it('takes over process by process: old and new versions share the group, and nothing is lost or doubled', async () => {
    const records = (from: number) => Array.from({ length: 500 }, (_none, nth) => order(`k${(from + nth) % 5}`));
    const alive = async (...running: StreamsApp[]): Promise<void> => {
      await eventually(
        'every task runs once',
        () => {
          const tasks = running.flatMap((app) =>
            app.health().threads.flatMap(({ tasks: all }) => all.filter(({ state }) => state === 'RUNNING')),
          );
          return tasks.length === 4;
        },
        { timeoutMs: 20_000 },
      );
    };
    const [one, two] = [await apps.start(shop()), await apps.start(shop())];
    await alive(one, two);
    await cluster.produce('orders', records(0));
    const three = await apps.start(shop({ filter: true }));
    await one.stop();
    await alive(two, three);
    await cluster.produce('orders', records(500));
    const four = await apps.start(shop({ filter: true }));
    await two.stop();
    await alive(three, four);
    await cluster.produce('orders', records(1000));
    await Promise.all([three.drained(), four.drained()]);

    const greatest = (await counted()).filter((count) => count === 300).length;
    expect(greatest).toBe(5);
    expect((await counted()).length).toBe(1500);
  }, 60_000);
});
