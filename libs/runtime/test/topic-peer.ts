import { Admin, CommittedRecords, Fetcher, Producer, type Cluster } from '@millrace/client';
import { RecordBatchBuilder, partitionForKey, type RecordHeader } from '@millrace/protocol';

/** A record to be produced. */
export interface GivenRecord {
  readonly key: string | null;
  readonly value: string | null;
  readonly timestampMs?: number;
  readonly partition?: number;
  readonly headers?: readonly RecordHeader[];
}

/** A record as a reader of committed data sees it. */
export interface SeenRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: ReadonlyMap<string, string | undefined>;
}

/** Produces to the topics of any cluster, and reads what is committed there, for specs. */
export class TopicPeer {
  readonly client: Cluster;
  readonly #producer: Producer;

  /** @param client Started and stopped with this. */
  constructor(client: Cluster) {
    this.client = client;
    this.#producer = new Producer(client);
  }

  /** Connects, and creates topics with so many partitions each. */
  async open(topics: Readonly<Record<string, number>> = {}): Promise<void> {
    await this.client.start();
    await this.#producer.start();
    const wanted = Object.entries(topics).map(([name, partitions]) => ({ name, partitions }));
    await new Admin(this.client).createTopics(wanted);
  }

  get admin(): Admin {
    return new Admin(this.client);
  }

  async produce(topic: string, records: readonly GivenRecord[]): Promise<void> {
    const count = await this.client.partitionCount(topic);
    const batches = new Map<number, RecordBatchBuilder>();
    for (const { key, value, timestampMs = 0, partition, headers = [] } of records) {
      const keyBytes = key === null ? null : Buffer.from(key);
      const target = partition ?? (keyBytes === null ? 0 : partitionForKey(keyBytes, count));
      const batch = batches.get(target) ?? new RecordBatchBuilder();
      batches.set(target, batch);
      batch.append(timestampMs, keyBytes, value === null ? null : Buffer.from(value), headers);
    }
    await Promise.all([...batches].map(([partition, batch]) => this.#producer.send(topic, partition, batch)));
  }

  /** All committed records of a topic, by partition and offset. */
  async read(topic: string): Promise<SeenRecord[]> {
    const count = await this.client.partitionCount(topic);
    const fetcher = new Fetcher(this.client, { isolation: 'read_committed', maxWaitMs: 10 });
    await fetcher.start();
    const partitions = Array.from({ length: count }, (_, partition) => ({ topic, partition, offset: 0 }));
    fetcher.assign(partitions);
    const seen: SeenRecord[] = [];
    const records = new CommittedRecords();
    while (!partitions.every((partition) => fetcher.isCaughtUp(partition))) {
      for (const batch of await fetcher.poll(10)) {
        records.reset(batch);
        while (records.nextRecord()) {
          const { cursor } = records;
          seen.push({
            partition: batch.partition,
            offset: cursor.offset,
            timestampMs: cursor.timestampMs,
            key: cursor.key()?.toString() ?? null,
            value: cursor.value()?.toString() ?? null,
            headers: new Map(cursor.headers().map(({ key, value }) => [key, value?.toString()])),
          });
        }
      }
    }
    await fetcher.stop();
    return seen.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
  }

  async close(): Promise<void> {
    await this.#producer.stop();
    await this.client.stop();
  }
}
