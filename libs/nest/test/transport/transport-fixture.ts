import { Admin, Cluster, CommittedRecords, Fetcher, Producer } from '@millrace/client';
import { MillraceServer, type MillraceServerOptions } from '@millrace/nest/transport';
import { RecordBatchBuilder, type RecordHeader } from '@millrace/protocol';
import { eventually } from '@millrace/testing';
import type { INestApplicationContext, INestMicroservice, Type } from '@nestjs/common';
import { ClientKafka, type MicroserviceOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import kafkajs from 'kafkajs';
import { firstValueFrom } from 'rxjs';

/** A record to be produced, to partition 0 unless it says otherwise. */
export interface GivenRecord {
  readonly key?: string | null;
  readonly value: string | null;
  readonly partition?: number;
  readonly timestampMs?: number;
  readonly headers?: readonly RecordHeader[];
}

/** A record as a reader of committed data sees it. */
export interface SeenRecord {
  readonly partition: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly timestampMs: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** Brokers without topics and groups, for the time of one test. */
export interface LentBrokers {
  /** `host:port` of one of them. */
  readonly bootstrap: string;
  /** Ends them, or removes what the test has left there. */
  release(): Promise<void>;
}

/** Where a test gets its brokers from. */
export interface TransportBrokers {
  lend(): Promise<LentBrokers>;
}

/** Brokers, with Nest microservices and Nest's own Kafka client around them. */
export class TransportFixture {
  readonly bootstrap: string;
  readonly #brokers: LentBrokers;
  #cluster!: Cluster;
  #producer!: Producer;
  readonly #closing: (() => Promise<unknown>)[] = [];

  private constructor(brokers: LentBrokers) {
    this.#brokers = brokers;
    this.bootstrap = brokers.bootstrap;
  }

  static async start(brokers: TransportBrokers, topics: Readonly<Record<string, number>>): Promise<TransportFixture> {
    const fixture = new TransportFixture(await brokers.lend());
    fixture.#cluster = new Cluster({ bootstrap: [fixture.bootstrap], clientId: 'spec' });
    await fixture.#cluster.start();
    fixture.#producer = new Producer(fixture.#cluster);
    await fixture.#producer.start();
    await fixture.createTopics(topics);
    return fixture;
  }

  async createTopics(topics: Readonly<Record<string, number>>): Promise<void> {
    await new Admin(this.#cluster).createTopics(
      Object.entries(topics).map(([name, partitions]) => ({ name, partitions })),
    );
  }

  topics(): Promise<string[]> {
    return new Admin(this.#cluster).listTopics();
  }

  /** A server that waits for nothing. */
  server(options: Partial<MillraceServerOptions> = {}): MillraceServer {
    return new MillraceServer({
      groupId: 'spec',
      cluster: { bootstrap: [this.bootstrap] },
      commitInterval: 0,
      heartbeatInterval: 50,
      fetch: { maxWaitMs: 50 },
      policy: { retry: { attempts: 2, initial: 1, max: 2 } },
      ...options,
    });
  }

  /** A Nest microservice with these controllers that has its partitions. */
  async microservice(
    server: MillraceServer,
    controllers: readonly Type[],
    prepare: (app: INestMicroservice) => void = () => undefined,
  ): Promise<INestMicroservice> {
    const module = await Test.createTestingModule({ controllers: [...controllers] }).compile();
    const app = module.createNestMicroservice<MicroserviceOptions>({ strategy: server, logger: false });
    prepare(app);
    await app.listen();
    this.closeLater(app);
    await settled(server);
    return app;
  }

  /** Nest's own client, by kafkajs, that can ask for answers to these patterns. */
  async nestClient(patterns: readonly string[]): Promise<ClientKafka> {
    const client = new ClientKafka({
      client: { clientId: 'asking', brokers: [this.bootstrap], logLevel: 0 },
      consumer: { groupId: 'asking', heartbeatInterval: 100, maxWaitTimeInMs: 50 },
    });
    for (const pattern of patterns) client.subscribeToResponseOf(pattern);
    await client.connect();
    this.#closing.push(() => client.close());
    await eventually('the client has reply partitions', () =>
      patterns.every((pattern) => client.getConsumerAssignments()[`${pattern}.reply`] !== undefined),
    );
    return client;
  }

  async produce(topic: string, records: readonly GivenRecord[]): Promise<void> {
    const batches = new Map<number, RecordBatchBuilder>();
    for (const { key = null, value, partition = 0, timestampMs = 0, headers = [] } of records) {
      const batch = batches.get(partition) ?? new RecordBatchBuilder();
      batches.set(partition, batch);
      batch.append(timestampMs, bytes(key), bytes(value), headers);
    }
    await Promise.all([...batches].map(([partition, batch]) => this.#producer.send(topic, partition, batch)));
  }

  /** All committed records of a topic, by partition and offset. */
  async read(topic: string): Promise<SeenRecord[]> {
    const count = await this.#cluster.partitionCount(topic);
    const fetcher = new Fetcher(this.#cluster, { isolation: 'read_committed', maxWaitMs: 10 });
    await fetcher.start();
    const partitions = Array.from({ length: count }, (_, partition) => ({ topic, partition, offset: 0 }));
    fetcher.assign(partitions);
    const seen: (SeenRecord & { offset: number })[] = [];
    const records = new CommittedRecords();
    while (!partitions.every((partition) => fetcher.isCaughtUp(partition))) {
      for (const batch of await fetcher.poll(10)) {
        records.reset(batch);
        while (records.nextRecord()) {
          const { cursor } = records;
          seen.push({
            partition: batch.partition,
            offset: cursor.offset,
            key: cursor.key()?.toString() ?? null,
            value: cursor.value()?.toString() ?? null,
            timestampMs: cursor.timestampMs,
            headers: Object.fromEntries(cursor.headers().map(({ key, value }) => [key, value?.toString()])),
          });
        }
      }
    }
    await fetcher.stop();
    return seen.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
  }

  /** What a group has committed for a partition. */
  async committed(topic: string, partition = 0, groupId = 'spec'): Promise<number | undefined> {
    const [found] = await new Admin(this.#cluster).committedOffsets(groupId, [{ topic, partition }]);
    return found?.offset;
  }

  /** Commits an offset for a group without members, by kafkajs. */
  async setOffset(groupId: string, topic: string, offset: number): Promise<void> {
    const admin = new kafkajs.Kafka({ brokers: [this.bootstrap], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: String(offset) }] });
    await admin.disconnect();
  }

  async committedIs(offset: number, topic: string, partition = 0, groupId = 'spec', timeoutMs = 5_000): Promise<void> {
    const isCommitted = async (): Promise<boolean> => (await this.committed(topic, partition, groupId)) === offset;
    await eventually(`${topic}-${partition} is committed at ${offset}`, isCommitted, { timeoutMs });
  }

  closeLater(app: Pick<INestApplicationContext, 'close'>): void {
    this.#closing.push(() => app.close());
  }

  async stop(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) await close();
    await this.#producer.stop();
    await this.#cluster.stop();
    await this.#brokers.release();
  }
}

/** Waits until the group is at rest, or the server has failed. */
export async function settled(server: MillraceServer): Promise<void> {
  const isAtRest = (): boolean => ['RUNNING', 'FAILED'].includes(server.health().state);
  await eventually('the group is at rest', isAtRest, { timeoutMs: 10_000 });
}

/** The first answer to a request. */
export function answerOf<T>(client: ClientKafka, pattern: string, data: unknown): Promise<T> {
  return firstValueFrom(client.send<T>(pattern, data));
}

/** Something that a test opens when it likes. */
export class Gate {
  readonly #opened = Promise.withResolvers<void>();

  open(): void {
    this.#opened.resolve();
  }

  passed(): Promise<void> {
    return this.#opened.promise;
  }
}

function bytes(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text);
}
