/** What the benchmarks ask of the cluster: topics, input, progress of a group, and what stands in an output. */
import { Admin, Cluster, CommittedRecords, Fetcher, RecordProducer } from '@millrace/client';
import { Digest } from './digest.mjs';
import { warmUpBroker } from './warm-up-broker.mjs';

const APPEND_MORE_BYTES = 16 * 1024 * 1024;

export class BenchCluster {
  #cluster;
  #admin;
  #records = new CommittedRecords();

  constructor(bootstrap) {
    this.bootstrap = bootstrap;
    this.#cluster = new Cluster({ bootstrap, clientId: 'bench' });
    this.#admin = new Admin(this.#cluster);
  }

  /** Connects, and lets the broker do what it does once: the first contender shall meet the same broker as the last. */
  async start() {
    await this.#cluster.start();
    await warmUpBroker(this.#cluster);
  }

  stop() {
    return this.#cluster.stop();
  }

  async createTopic(name, partitions, configs = {}) {
    await this.#admin.createTopics([{ name, partitions, configs: { 'retention.ms': '-1', ...configs } }]);
  }

  deleteTopics(names) {
    return this.#admin.deleteTopics(names);
  }

  listTopics() {
    return this.#admin.listTopics();
  }

  /** A producer that is started. */
  async producer(options = {}) {
    const producer = new RecordProducer(this.#cluster, options);
    await producer.start();
    return producer;
  }

  /** Writes records as fast as they are acknowledged. Each is `{ key, value, timestampMs }` with bytes as key and value. */
  async fill(topic, records) {
    const producer = await this.producer();
    let written = 0;
    for (const { key, value, timestampMs } of records) {
      producer.send(topic, key, value, { timestampMs });
      if (++written % 1_000 === 0 && producer.bufferedBytes > APPEND_MORE_BYTES) await producer.flush();
    }
    await producer.flush();
    await producer.stop();
    return written;
  }

  /** How many records of the topics, all partitions together, the group has left behind. */
  async committedRecords(groupId, topics) {
    return (await this.committedPlaces(groupId, topics)).reduce((sum, { offset }) => sum + offset, 0);
  }

  /** Where the group will go on in each partition of the topics: `{ topic, partition, offset }`. */
  async committedPlaces(groupId, topics) {
    const partitions = (await Promise.all(topics.map((topic) => this.#partitionsOf(topic)))).flat();
    const committed = await this.#admin.committedOffsets(groupId, partitions);
    return committed.map(({ topic, partition, offset = 0 }) => ({ topic, partition, offset }));
  }

  /** Lets the broker delete what lies before these places. */
  deleteBefore(places) {
    return this.#admin.deleteRecords(
      places.map(({ topic, partition, offset }) => ({ topic, partition, beforeOffset: offset })),
    );
  }

  async #partitionsOf(topic) {
    const [{ partitions }] = await this.#cluster.metadata([topic]);
    return partitions.map((_each, partition) => ({ topic, partition }));
  }

  /** A fetcher of all committed records of a topic, from its beginning. */
  async reader(topic, options = {}) {
    const partitions = (await this.#partitionsOf(topic)).map((each) => ({ ...each, offset: 0 }));
    const fetcher = new Fetcher(this.#cluster, { isolation: 'read_committed', ...options });
    await fetcher.start();
    fetcher.assign(partitions);
    return { fetcher, partitions };
  }

  /** Calls `take(cursor)` for every committed record of a topic, up to its present end. */
  async readAll(topic, take) {
    const { fetcher, partitions } = await this.reader(topic);
    while (!partitions.every((each) => fetcher.isCaughtUp(each))) await this.readSome(fetcher, take);
    await fetcher.stop();
  }

  /** Calls `take(cursor)` for what has come in the meantime; waits a little for it. */
  async readSome(fetcher, take) {
    for (const batch of await fetcher.poll(500)) {
      this.#records.reset(batch);
      while (this.#records.nextRecord()) take(this.#records.cursor);
    }
  }

  /** Count and digest of what a topic holds, whatever the order of its partitions. */
  async digestOf(topic) {
    const digest = new Digest();
    await this.readAll(topic, ({ buffer, keyStart, keyEnd, valueStart, valueEnd }) => {
      digest.add(buffer.subarray(keyStart, keyEnd), buffer.subarray(valueStart, valueEnd));
    });
    return digest;
  }

  /** The same, of the last value of each key: what is left when a contender may write a result more than once. */
  async digestOfLatest(topic) {
    const latest = new Map();
    await this.readAll(topic, ({ buffer, keyStart, keyEnd, valueStart, valueEnd }) => {
      latest.set(buffer.latin1Slice(keyStart, keyEnd), Buffer.from(buffer.subarray(valueStart, valueEnd)));
    });
    const digest = new Digest();
    for (const [key, value] of latest) digest.add(Buffer.from(key, 'latin1'), value);
    return digest;
  }
}
