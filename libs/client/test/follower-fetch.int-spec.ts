/** KIP-392 on three brokers in three racks: which broker's connection the bytes of records came by, counted at the socket. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ByteStream, Dialer } from '@millrace/kernel';
import { startKafka, type KafkaCluster } from '@millrace/testing/containers';
import { CommittedRecords, Fetcher, TcpDialer, type Cluster } from '../src/index.js';
import { ContractSession, batchOf, eventually } from './contract/contract-session.js';

jest.setTimeout(300_000);

const RECORD_BYTES = 10_000;
/** What answers hold besides records: metadata, empty fetches. */
const SMALL_BYTES = 60_000;
/** How long a follower is read from before the leader is asked again. */
const LEASE_MS = 3_000;

describe('a client in the rack of a follower', () => {
  let kafka: KafkaCluster;
  let session: ContractSession;
  beforeAll(async () => {
    kafka = await startKafka({ brokers: 3, racks: ['zone-a', 'zone-b', 'zone-c'] });
  });
  beforeEach(() => {
    const { bootstrap } = kafka;
    session = new ContractSession({ bootstrap, tcpBootstrap: bootstrap, stop: async () => undefined });
  });
  afterEach(async () => {
    await session.stop();
    for (const node of kafka.nodes) if (await node.hasEnded()) await node.start();
    await kafka.ready();
  });
  afterAll(() => kafka?.stop());

  it('gets its records from there and none from the leader', async () => {
    const { topic, followerId, leaderId, produce } = await topicOfThree();
    const bytes = new CountingDialer(kafka);
    const reader = await readerIn(kafka.node(followerId).rack, bytes, topic);
    await produce(100);
    await reader.until(100);

    expect(reader.values).toEqual(numbers(100));
    expect(bytes.from(followerId)).toBeGreaterThan(100 * RECORD_BYTES);
    expect(bytes.from(leaderId)).toBeLessThan(SMALL_BYTES);
  });

  it('gets its records from the leader where it names no rack, or one without a broker', async () => {
    const { topic, leaderId, produce } = await topicOfThree();
    await produce(20);
    for (const rack of [undefined, 'zone-z']) {
      const bytes = new CountingDialer(kafka);
      const reader = await readerIn(rack, bytes, topic);
      await reader.until(20);

      expect(bytes.from(leaderId)).toBeGreaterThan(20 * RECORD_BYTES);
      for (const { nodeId } of kafka.nodes)
        if (nodeId !== leaderId) expect(bytes.from(nodeId)).toBeLessThan(SMALL_BYTES);
    }
  });

  it('sees committed records alone there too', async () => {
    const { topic, followerId, cluster } = await topicOfThree();
    const bytes = new CountingDialer(kafka);
    const reader = await readerIn(kafka.node(followerId).rack, bytes, topic);
    const producer = await session.producer(cluster, { transactionalId: `${topic}-tx` });
    const kept: string[] = [];
    for (let round = 0; round < 20; round++) {
      producer.beginTransaction();
      await producer.send(topic, 0, batchOf(valueOf(round)));
      if (round % 3 === 0) await producer.abortTransaction();
      else {
        kept.push(`${round}`);
        await producer.commitTransaction();
      }
    }
    await reader.until(kept.length);

    expect(reader.values).toEqual(kept);
    expect(bytes.from(followerId)).toBeGreaterThan(20 * RECORD_BYTES);
  });

  it('goes on with the leader when the follower is killed, and returns to it later', async () => {
    const { topic, followerId, leaderId, produce } = await topicOfThree();
    const bytes = new CountingDialer(kafka);
    const reader = await readerIn(kafka.node(followerId).rack, bytes, topic);
    await produce(20);
    await reader.until(20);
    expect(bytes.from(followerId)).toBeGreaterThan(20 * RECORD_BYTES);

    await kafka.node(followerId).kill();
    await produce(20);
    await reader.until(40);
    expect(bytes.from(leaderId)).toBeGreaterThan(20 * RECORD_BYTES);

    await kafka.node(followerId).start();
    await kafka.ready();
    const before = bytes.from(followerId);
    let produced = 40;
    await eventually('the follower is read from again', async () => {
      await produce(5);
      await reader.until((produced += 5));
      return bytes.from(followerId) > before + 20 * RECORD_BYTES;
    });
    expect(reader.values).toEqual(numbers(produced));
  });

  it('goes on when the leader is killed and the follower may lead', async () => {
    const { topic, followerId, leaderId, produce } = await topicOfThree();
    const bytes = new CountingDialer(kafka);
    const reader = await readerIn(kafka.node(followerId).rack, bytes, topic);
    await produce(20);
    await reader.until(20);

    await kafka.node(leaderId).kill();
    await produce(20);
    await reader.until(40);

    expect(reader.values).toEqual(numbers(40));
  });

  /** A topic of one partition on all brokers, and one of the followers. */
  async function topicOfThree(): Promise<{
    readonly topic: string;
    readonly cluster: Cluster;
    readonly leaderId: number;
    readonly followerId: number;
    produce(count: number): Promise<void>;
  }> {
    const { cluster } = await session.cluster();
    const topic = await session.topic(cluster, { replicationFactor: 3 });
    const producer = await session.producer(cluster);
    const leaderId = cluster.leaderOf(topic, 0) as number;
    let produced = 0;
    const produce = async (count: number): Promise<void> => {
      for (let sent = 0; sent < count; sent++) await producer.send(topic, 0, batchOf(valueOf(produced++)));
    };
    return { topic, cluster, leaderId, followerId: (leaderId % 3) + 1, produce };
  }

  async function readerIn(rack: string | undefined, dialer: Dialer, topic: string): Promise<Reader> {
    const place = rack === undefined ? {} : { rack };
    const { cluster } = await session.cluster({ dialer, metadataMaxAgeMs: LEASE_MS, ...place });
    await cluster.metadata([topic]);
    const fetcher = await session.start(new Fetcher(cluster, { isolation: 'read_committed', maxWaitMs: 100 }));
    fetcher.assign([{ topic, partition: 0, offset: 0 }]);
    return new Reader(fetcher);
  }
});

class Reader {
  /** The beginnings of the values, up to the filling. */
  readonly values: string[] = [];
  readonly #fetcher: Fetcher;
  readonly #records = new CommittedRecords();

  constructor(fetcher: Fetcher) {
    this.#fetcher = fetcher;
  }

  async until(count: number): Promise<void> {
    await eventually(`${count} records are read`, async () => {
      for (const batch of await this.#fetcher.poll(100)) {
        this.#records.reset(batch);
        while (this.#records.nextRecord())
          this.values.push(this.#records.cursor.value()?.toString().split(' ')[0] ?? '');
      }
      return this.values.length >= count;
    });
  }
}

/** Counts what comes from each broker. */
class CountingDialer implements Dialer {
  readonly #inner = new TcpDialer();
  readonly #kafka: KafkaCluster;
  readonly #received = new Map<string, number>();

  constructor(kafka: KafkaCluster) {
    this.#kafka = kafka;
  }

  from(nodeId: number): number {
    return this.#received.get(this.#kafka.node(nodeId).address('PLAINTEXT')) ?? 0;
  }

  async dial(host: string, port: number, options: { timeoutMs: number }): Promise<ByteStream> {
    const stream = await this.#inner.dial(host, port, options);
    const address = `${host}:${port}`;
    const onData = stream.onData.bind(stream);
    stream.onData = (handler) =>
      onData((chunk) => {
        this.#received.set(address, (this.#received.get(address) ?? 0) + chunk.length);
        handler(chunk);
      });
    return stream;
  }
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`);
const valueOf = (index: number): string => `${index} ${'x'.repeat(RECORD_BYTES)}`;
