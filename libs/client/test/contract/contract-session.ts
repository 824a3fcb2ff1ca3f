import type { Lifecycle } from '@millrace/kernel';
import { RecordBatchBuilder, type RecordHeader } from '@millrace/protocol';
import {
  Admin,
  Cluster,
  CommittedRecords,
  Fetcher,
  Producer,
  TcpDialer,
  type ClusterOptions,
  type FetcherOptions,
  type NewTopic,
  type ProducerOptions,
} from '../../src/index.js';
import type { ContractBroker } from './contract-broker.js';
import { FaultyDialer } from './faulty-dialer.js';

/** A record as a reader sees it. */
export interface SeenRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly RecordHeader[];
}

let topicCount = 0;

/** What one test uses of a broker: clients that are stopped after it, and topics of its own. */
export class ContractSession {
  readonly broker: ContractBroker;
  readonly #started: Lifecycle[] = [];

  constructor(broker: ContractBroker) {
    this.broker = broker;
  }

  /** A started cluster; its connections can be broken by `faults`. */
  async cluster(options: Partial<ClusterOptions> = {}): Promise<{ cluster: Cluster; faults: FaultyDialer }> {
    const faults = new FaultyDialer(this.broker.dialer ?? new TcpDialer());
    const { bootstrap } = this.broker;
    const fast = { requestTimeoutMs: 10_000, retryBackoffMs: 10, retryBackoffMaxMs: 100 };
    const cluster = new Cluster({ bootstrap, clientId: 'contract', dialer: faults, ...fast, ...options });
    return { cluster: await this.start(cluster), faults };
  }

  /** Starts something and stops it after the test, in reverse order. */
  async start<T extends Lifecycle>(part: T): Promise<T> {
    await part.start();
    this.#started.push(part);
    return part;
  }

  producer(cluster: Cluster, options: ProducerOptions = {}): Promise<Producer> {
    return this.start(new Producer(cluster, options));
  }

  /** Creates a topic with a name of its own. */
  async topic(cluster: Cluster, options: Partial<NewTopic> = {}): Promise<string> {
    const name = `contract-${process.pid}-${++topicCount}`;
    await new Admin(cluster).createTopics([{ name, partitions: 1, ...options }]);
    return name;
  }

  /** Reads partitions from `fromOffset` to their end, as it is when the reader gets there. */
  async read(
    cluster: Cluster,
    topic: string,
    options: FetcherOptions & { partitions?: number; fromOffset?: number } = {},
  ): Promise<SeenRecord[]> {
    const { partitions = 1, fromOffset = 0, ...fetch } = options;
    const fetcher = new Fetcher(cluster, { isolation: 'read_committed', maxWaitMs: 100, ...fetch });
    await fetcher.start();
    const assigned = Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: fromOffset }));
    fetcher.assign(assigned);
    const seen: SeenRecord[] = [];
    const records = new CommittedRecords();
    while (!assigned.every((each) => fetcher.isCaughtUp(each))) {
      for (const batch of await fetcher.poll(1_000)) {
        records.reset(batch);
        while (records.nextRecord()) seen.push(seenRecord(records, batch));
      }
    }
    await fetcher.stop();
    return seen;
  }

  /** Stops everything that was started. */
  async stop(): Promise<void> {
    for (const part of this.#started.splice(0).reverse()) await part.stop();
  }
}

/** The current record, copied. */
export function seenRecord(
  records: CommittedRecords,
  { topic, partition }: { topic: string; partition: number },
): SeenRecord {
  const { cursor } = records;
  return {
    topic,
    partition,
    offset: cursor.offset,
    timestampMs: cursor.timestampMs,
    key: cursor.key()?.toString() ?? null,
    value: cursor.value()?.toString() ?? null,
    headers: cursor.headers(),
  };
}

/** A batch of records with the given values, without keys. */
export function batchOf(...values: readonly string[]): RecordBatchBuilder {
  const builder = new RecordBatchBuilder();
  for (const value of values) builder.append(1_000, null, Buffer.from(value));
  return builder;
}

/** The values of records. */
export function valuesOf(records: readonly SeenRecord[]): (string | null)[] {
  return records.map(({ value }) => value);
}

/** Waits until `condition` holds; fails with `what` after 20 s. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`it never came true that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
