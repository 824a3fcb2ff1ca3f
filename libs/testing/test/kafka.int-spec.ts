import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel, type KafkaConfig, type SASLOptions } from 'kafkajs';
import { eventually, metricSum } from '../src/index.js';
import {
  CertificateAuthority,
  ContainerNetwork,
  imageOf,
  startKafka,
  startNetworkFaults,
  type KafkaCluster,
} from '../src/containers.js';

const USER = { username: 'ada', password: `pa55 "word"'s` };

/** Sends a record and reads it back by the given way into the cluster. */
async function roundTrip(config: Pick<KafkaConfig, 'brokers' | 'ssl' | 'sasl'>, topic: string): Promise<string> {
  const client = new Kafka({ clientId: 'int-spec', logLevel: logLevel.NOTHING, retry: { retries: 2 }, ...config });
  const [admin, producer] = [client.admin(), client.producer({ allowAutoTopicCreation: false })];
  const consumer = client.consumer({ groupId: `${topic}-readers` });
  try {
    await Promise.all([admin.connect(), producer.connect(), consumer.connect()]);
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
    await producer.send({ topic, acks: -1, messages: [{ value: `by ${topic}` }] });
    await consumer.subscribe({ topic, fromBeginning: true });
    const seen: string[] = [];
    await consumer.run({ eachMessage: async ({ message }) => void seen.push(message.value!.toString()) });
    return await eventually('the record is read', () => seen[0], { timeoutMs: 30_000 });
  } finally {
    await Promise.allSettled([consumer.disconnect(), producer.disconnect(), admin.disconnect()]);
  }
}

const MESSAGES_IN = 'kafka_server_brokertopicmetrics_messagesin_total';
const UNDER_REPLICATED = ['--bootstrap-server', 'INTERNAL', '--describe', '--under-replicated-partitions'];

describe('a single node of Apache Kafka', () => {
  let kafka: KafkaCluster;
  let authority: CertificateAuthority;
  beforeAll(async () => {
    authority = await CertificateAuthority.create();
    kafka = await startKafka({ users: [USER], authority });
  });
  afterAll(() => kafka?.stop());

  const tls = (): { ca: string[] } => ({ ca: [authority.certificate] });
  const scram = (mechanism: 'scram-sha-256' | 'scram-sha-512'): SASLOptions => ({ mechanism, ...USER });

  it('takes records and gives them back, on a port that the engine chose', async () => {
    expect(await roundTrip({ brokers: [...kafka.bootstrap] }, 'plaintext')).toBe('by plaintext');
  });

  it('speaks TLS with a certificate of the authority', async () => {
    const brokers = [...kafka.bootstrapOf('SSL')];

    expect(await roundTrip({ brokers, ssl: tls() }, 'tls')).toBe('by tls');
    await expect(roundTrip({ brokers, ssl: true }, 'distrust')).rejects.toThrow(/self.signed|unable to/i);
  });

  it.each(['scram-sha-256', 'scram-sha-512'] as const)(
    'lets users in by %s, with TLS and without',
    async (mechanism) => {
      const sasl = scram(mechanism);
      const open = { brokers: [...kafka.bootstrapOf('SASL_PLAINTEXT')], sasl };
      const encrypted = { brokers: [...kafka.bootstrapOf('SASL_SSL')], sasl, ssl: tls() };

      expect(await roundTrip(open, `${mechanism}-open`)).toBe(`by ${mechanism}-open`);
      expect(await roundTrip(encrypted, `${mechanism}-encrypted`)).toBe(`by ${mechanism}-encrypted`);
    },
  );

  it('refuses a wrong password', async () => {
    const sasl: SASLOptions = { mechanism: 'scram-sha-256', username: USER.username, password: 'guessed-it' };

    await expect(roundTrip({ brokers: [...kafka.bootstrapOf('SASL_PLAINTEXT')], sasl }, 'refused')).rejects.toThrow(
      /authentication failed/i,
    );
  });

  it('serves no metrics, as it was not asked to', async () => {
    await expect(kafka.node(1).metrics()).rejects.toThrow(/`metrics: true`/);
  });

  it('comes back on the same port, with its records, after it was killed', async () => {
    await roundTrip({ brokers: [...kafka.bootstrap] }, 'before-the-kill');
    const before = [...kafka.bootstrap];

    await kafka.node(1).kill();
    expect(await kafka.node(1).hasEnded()).toBe(true);
    await kafka.node(1).start();
    await kafka.ready();

    expect(kafka.bootstrap).toEqual(before);
    const offsets = await kafka.node(1).tool('kafka-topics.sh', '--bootstrap-server', 'INTERNAL', '--list');
    expect(offsets).toContain('before-the-kill');
  });
});

describe('three nodes of Apache Kafka', () => {
  let kafka: KafkaCluster;
  let authority: CertificateAuthority;
  beforeAll(async () => {
    authority = await CertificateAuthority.create();
    kafka = await startKafka({ brokers: 3, authority, properties: { 'ssl.client.auth': 'required' } });
  });
  afterAll(() => kafka?.stop());

  it('let in by mutual TLS whoever shows a certificate of the authority, and nobody else', async () => {
    const brokers = [...kafka.bootstrapOf('SSL')];
    const shown = async (by: CertificateAuthority): Promise<NonNullable<KafkaConfig['ssl']>> => {
      const { key, chain } = await by.issue({ commonName: 'ada' });
      return { ca: [authority.certificate], key, cert: chain };
    };

    expect(await roundTrip({ brokers, ssl: await shown(authority) }, 'mutual')).toBe('by mutual');
    await expect(roundTrip({ brokers, ssl: { ca: [authority.certificate] } }, 'nameless')).rejects.toThrow();
    const stranger = await shown(await CertificateAuthority.create());
    await expect(roundTrip({ brokers, ssl: stranger }, 'stranger')).rejects.toThrow();
    expect(await topics()).toEqual(expect.arrayContaining(['mutual']));
    expect(await topics()).not.toEqual(expect.arrayContaining(['nameless']));
    expect(await topics()).not.toEqual(expect.arrayContaining(['stranger']));
  });

  const topics = async (): Promise<string[]> => {
    const listed = await kafka.node(1).tool('kafka-topics.sh', '--bootstrap-server', 'INTERNAL', '--list');
    return listed.trim().split('\n');
  };

  it('keep three copies of a topic, one in each rack', async () => {
    await roundTrip({ brokers: [...kafka.bootstrap] }, 'copied');
    const admin = new Kafka({ brokers: [...kafka.bootstrap], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const [topic] = (await admin.fetchTopicMetadata({ topics: ['copied'] })).topics;
    await admin.disconnect();

    expect([...topic!.partitions[0]!.replicas].sort()).toEqual([1, 2, 3]);
    expect(kafka.nodes.map(({ rack }) => rack)).toEqual(['rack-1', 'rack-2', 'rack-3']);
  });

  // The first broker of the list is the one that a client asks first.
  it.each([1, 2])('go on when node %i is killed, and have all copies again once it is back', async (nodeId) => {
    await kafka.node(nodeId).kill();
    await kafka.ready(2);

    expect(await roundTrip({ brokers: [...kafka.bootstrap] }, `without-${nodeId}`)).toBe(`by without-${nodeId}`);

    await kafka.node(nodeId).start();
    await kafka.ready(3);
    await kafka.inSync();
    expect(await kafka.node(3).tool('kafka-topics.sh', ...UNDER_REPLICATED)).toBe('');
  });

  it('go on when one of them leaves in order, and take it back', async () => {
    await kafka.node(3).stop();
    await kafka.ready(2);
    expect(await kafka.node(3).hasEnded()).toBe(true);

    expect(await roundTrip({ brokers: [...kafka.bootstrap] }, 'without-the-third')).toBe('by without-the-third');

    await kafka.node(3).start();
    await kafka.ready(3);
  });

  it('put one aside that is halted, and take it back when it goes on', async () => {
    const others = kafka.nodes.filter(({ nodeId }) => nodeId !== 2).map((node) => node.address('PLAINTEXT'));

    await kafka.node(2).pause();
    await kafka.ready(2);
    expect(await kafka.node(2).hasEnded()).toBe(false);
    expect(await roundTrip({ brokers: others }, 'beside-a-halted-one')).toBe('by beside-a-halted-one');

    await kafka.node(2).resume();
    await kafka.ready(3);
  });
});

describe('a node of Apache Kafka behind a proxy', () => {
  it('is reached through the proxy alone: what the proxy refuses, no client gets past', async () => {
    await using network = await ContainerNetwork.create();
    await using faults = await startNetworkFaults({ network });
    await using kafka = await startKafka({ network, faults });
    const [proxy] = kafka.proxies;
    const brokers = [...kafka.bootstrapOf('PROXIED')];
    expect(brokers).toEqual([proxy!.address]);
    expect(await roundTrip({ brokers }, 'proxied')).toBe('by proxied');

    await proxy!.refuse();
    await expect(roundTrip({ brokers }, 'refused')).rejects.toThrow();
    expect(await roundTrip({ brokers: [...kafka.bootstrap] }, 'past-the-proxy')).toBe('by past-the-proxy');

    await proxy!.heal();
    expect(await roundTrip({ brokers }, 'healed')).toBe('by healed');
  });
});

describe('a node of Apache Kafka with metrics', () => {
  it('counts the records of a topic as they come', async () => {
    await using kafka = await startKafka({ metrics: true });
    const node = kafka.node(1);
    const client = new Kafka({ brokers: [...kafka.bootstrap], logLevel: logLevel.NOTHING });
    const [admin, producer] = [client.admin(), client.producer()];
    await Promise.all([admin.connect(), producer.connect()]);
    await admin.createTopics({ topics: [{ topic: 'counted', numPartitions: 1 }], waitForLeaders: true });
    const send = (count: number): Promise<unknown> =>
      producer.send({ topic: 'counted', acks: -1, messages: Array.from({ length: count }, () => ({ value: 'one' })) });
    const hasCounted = async (count: number): Promise<boolean> =>
      metricSum(await node.metrics(), MESSAGES_IN, { topic: 'counted' }) === count;
    expect(metricSum(await node.metrics(), MESSAGES_IN, { topic: 'counted' }) ?? 0).toBe(0);

    await send(3);
    await eventually('three records are counted', () => hasCounted(3));
    await send(2);
    await eventually('two more are counted', () => hasCounted(5));

    const text = await node.metrics();
    expect(metricSum(text, 'kafka_log_logendoffset', { topic: 'counted', partition: '0' })).toBe(5);
    expect(metricSum(text, 'kafka_network_requestmetrics_requests_total', { request: 'Produce' })).toBeGreaterThan(0);
    expect(metricSum(text, 'kafka_controller_kafkacontroller_activecontrollercount')).toBe(1);
    expect(metricSum(text, 'jvm_heap_used_bytes')).toBeGreaterThan(0);
    // A tool of the same container must not ask for the agent's port.
    expect(await node.tool('kafka-topics.sh', '--bootstrap-server', 'INTERNAL', '--list')).toContain('counted');
    await Promise.all([admin.disconnect(), producer.disconnect()]);
  });

  it('is refused with a remedy where the image has no exporter', async () => {
    await expect(startKafka({ image: imageOf('redis'), metrics: true })).rejects.toThrow(/build-images\.sh kafka/);
  });
});
