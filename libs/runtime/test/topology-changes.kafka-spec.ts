import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Admin, Cluster, RecordProducer } from '@millrace/client';
import { TopologyBuilder, TopologyChangeError, int64, topic, utf8, type Topology } from '@millrace/streams';
// eslint-disable-next-line @nx/enforce-module-boundaries -- a tool of the workspace, not a package
import { startApacheKafka } from '../../../tools/apache-kafka/start-apache-kafka.mjs';
import { StreamsApp } from '../src/app/streams-app.js';

let kafka: Awaited<ReturnType<typeof startApacheKafka>>;
let client: Cluster;

beforeAll(async () => {
  kafka = await startApacheKafka({ transactionVersion: 2 });
  client = new Cluster({ bootstrap: kafka.bootstrap, clientId: 'spec' });
  await client.start();
  await new Admin(client).createTopics(['orders', 'totals'].map((name) => ({ name, partitions: 2 })));
}, 60_000);

afterAll(async () => {
  await client.stop();
  await kafka.stop();
});

/** Versions of a topology. */
function shop({ store = 'counts', filter = false, repartition = 'spread' } = {}): Topology {
  const t = new TopologyBuilder('shop');
  const orders = t.stream('orders', topic('orders', utf8, utf8));
  const stream = filter ? orders.filter('some', () => true) : orders;
  stream
    .repartition(repartition)
    .groupByKey()
    .count('count', { store })
    .toStream('counted')
    .to('totals', topic('totals', utf8, int64));
  return t.build();
}

function app(topology: Topology, acceptTopologyChanges: readonly string[] = []): StreamsApp {
  return new StreamsApp({
    applicationId: 'shop',
    topologies: [topology],
    cluster: { bootstrap: kafka.bootstrap },
    acceptTopologyChanges,
  });
}

async function run(...given: Parameters<typeof app>): Promise<void> {
  const running = app(...given);
  try {
    await running.start();
    await running.drained();
  } finally {
    await running.stop();
  }
}

async function produce(keys: readonly string[]): Promise<void> {
  const producer = new RecordProducer(client);
  await producer.start();
  for (const key of keys) producer.send('orders', Buffer.from(key), Buffer.from('x'));
  await producer.flush();
  await producer.stop();
}

describe('topologies that change, on Apache Kafka', () => {
  it('go on where they are compatible, are refused where they are not, and accepted by name', async () => {
    await produce(['a', 'b', 'a']);
    await run(shop());
    await run(shop({ filter: true }));
    const topics = await new Admin(client).listTopics();
    expect(topics).toContain('shop-topology');

    const renamed = shop({ store: 'renamed', filter: true });
    const error = await run(renamed).catch((failure: unknown) => failure);

    expect(error).toBeInstanceOf(TopologyChangeError);
    expect((error as TopologyChangeError).changes).toMatchObject([{ rule: 'store-removed', place: 'store counts' }]);
    expect(await new Admin(client).listTopics()).toEqual(topics);
    await run(renamed, ['store counts']);
    await run(renamed);
  }, 60_000);

  it('may let go of a repartition topic that is drained, control records of transactions notwithstanding', async () => {
    await produce(['a', 'b']);
    const current = { store: 'renamed', filter: true };
    await run(shop(current));

    const error = await run(shop({ ...current, repartition: 'other' })).catch((failure: unknown) => failure);

    // The store is fed by another topic, but nothing is left in the former one.
    expect((error as TopologyChangeError).changes).toMatchObject([{ rule: 'store-input-renamed' }]);
  }, 60_000);

  it('start in several processes at once', async () => {
    const apps = Array.from({ length: 4 }, (_none, nth) => app(shop({ store: 'renamed', filter: nth % 2 === 0 })));
    const outcomes = await Promise.allSettled(apps.map((each) => each.start()));
    await Promise.all(apps.map((each) => each.stop()));

    expect(outcomes.map(({ status }) => status)).toEqual(apps.map(() => 'fulfilled'));
  }, 60_000);
});
