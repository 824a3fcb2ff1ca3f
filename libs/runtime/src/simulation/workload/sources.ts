import { Cluster, Producer } from '@millrace/client';
import { isMillraceError, nextInt, type Dialer, type Random } from '@millrace/kernel';
import { RecordBatchBuilder, partitionForKey } from '@millrace/protocol';
import type { SimulatedHost } from '../world/simulated-host.js';
import type { InputLedger, InputRecord } from './input-ledger.js';
import { topics } from './topologies.js';

const KEYS = 7;
/** Longer than the broker is ever away: what a source means to commit is never ended by the broker. */
const TRANSACTION_TIMEOUT_MS = 60_000;
/** After so long the broker ends a transaction that its source has forgotten. */
const FORGOTTEN_TIMEOUT_MS = 1_500;
/** How much longer than others the forgetful one pauses. */
const FORGETFUL_PAUSES = 4;
/** How far event times lie behind at most. */
const MAX_LATENESS_MS = 8_000;

/** How sources work. */
export interface SourceOptions {
  readonly host: SimulatedHost;
  readonly dialer: Dialer;
  readonly random: Random;
  readonly ledger: InputLedger;
  readonly partitions: number;
  /** The topics that they write to. */
  readonly inputs: readonly string[];
  /** Longest time between two sends of one source. */
  readonly maxPauseMs: number;
  /** A transaction was left open for the broker to end. */
  readonly forgotten: () => void;
  /** Asked at each abort: whether the transaction is committed instead. */
  readonly leaksAborted: () => boolean;
}

/**
 * Others that write to the application's topics: one without transactions, two with, whose transactions interleave and
 * often abort, and one that leaves its transactions open. Their network never fails, so they know what is true.
 */
export class Sources {
  readonly #options: SourceOptions;
  readonly #cluster: Cluster;
  #isOver = false;

  constructor(options: SourceOptions) {
    this.#options = options;
    const { host, dialer, random } = options;
    this.#cluster = new Cluster({ bootstrap: ['broker:9092'], clientId: 'sources', clock: host, random, dialer });
  }

  /** Writes until {@link end}; resolves when the last transaction is over. */
  async run(): Promise<void> {
    await this.#cluster.start();
    await Promise.all([this.#plain(), this.#transactional('a'), this.#transactional('b'), this.#forgetful()]);
    await this.#cluster.stop();
  }

  end(): void {
    this.#isOver = true;
  }

  async #plain(): Promise<void> {
    const producer = new Producer(this.#cluster);
    await producer.start();
    while (!this.#isOver) {
      await this.#send(producer, false);
      await this.#pause();
    }
    await producer.stop();
  }

  async #transactional(name: string): Promise<void> {
    const { random, leaksAborted } = this.#options;
    const transactionalId = `source-${name}`;
    const producer = new Producer(this.#cluster, { transactionalId, transactionTimeoutMs: TRANSACTION_TIMEOUT_MS });
    await producer.start();
    while (!this.#isOver) {
      const isAborted = random.next() < 0.32;
      producer.beginTransaction();
      await this.#sendSome(producer, isAborted);
      await (isAborted && !leaksAborted() ? producer.abortTransaction() : producer.commitTransaction());
      await this.#pause();
    }
    await producer.stop();
  }

  async #forgetful(): Promise<void> {
    const transactionalId = 'source-c';
    const producer = new Producer(this.#cluster, { transactionalId, transactionTimeoutMs: FORGOTTEN_TIMEOUT_MS });
    await producer.start();
    while (!this.#isOver) {
      for (let pauses = FORGETFUL_PAUSES; pauses > 0; pauses--) await this.#pause();
      producer.beginTransaction();
      // The broker may end it already while it is written to.
      await this.#sendSome(producer, true).catch(ignoreFenced);
      this.#options.forgotten();
      await this.#sleep(FORGOTTEN_TIMEOUT_MS * 2);
      await producer.abortTransaction().catch(() => producer.start());
    }
    await producer.stop();
  }

  async #sendSome(producer: Producer, isAborted: boolean): Promise<void> {
    const { random } = this.#options;
    for (let sends = 1 + nextInt(random, 3); sends > 0; sends--) {
      await this.#send(producer, isAborted);
      await this.#sleep(nextInt(random, 100));
    }
  }

  /** Sends a few records to a topic or two. */
  async #send(producer: Producer, isAborted: boolean): Promise<void> {
    const { random, inputs } = this.#options;
    const sent: Promise<void>[] = [];
    for (let parts = 1 + nextInt(random, 2); parts > 0; parts--) {
      const topic = inputs[nextInt(random, inputs.length)] as string;
      sent.push(...this.#sendTo(producer, topic, isAborted));
    }
    await Promise.all(sent);
  }

  #sendTo(producer: Producer, topic: string, isAborted: boolean): Promise<void>[] {
    const { host, random, ledger, partitions } = this.#options;
    const batches = new Map<number, { readonly batch: RecordBatchBuilder; readonly records: InputRecord[] }>();
    for (let count = 1 + nextInt(random, 5); count > 0; count--) {
      const key = `k${nextInt(random, KEYS)}`;
      const keyBytes = topics.map.key.serialize(key);
      const partition = partitionForKey(keyBytes, partitions);
      const timestampMs = host.nowMs() - nextInt(random, MAX_LATENESS_MS);
      const record = ledger.add({ topic, partition, key, timestampMs, isAborted });
      const known = batches.get(partition) ?? { batch: new RecordBatchBuilder(), records: [] };
      batches.set(partition, known);
      known.batch.append(timestampMs, keyBytes, topics.map.value.serialize(record.id));
      known.records.push(record);
    }
    return [...batches].map(async ([partition, { batch, records }]) => {
      const { baseOffset } = await producer.send(topic, partition, batch);
      records.forEach((record, nth) => (record.offset = baseOffset + nth));
    });
  }

  #pause(): Promise<void> {
    const { random, maxPauseMs } = this.#options;
    return this.#sleep(20 + nextInt(random, maxPauseMs));
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.host.setTimer(ms, resolve));
  }
}

/** @throws what is not the broker's word that it has ended the transaction. */
function ignoreFenced(error: unknown): void {
  const isEnded = isMillraceError(error) && ['MR_PRODUCER_FENCED', 'MR_TRANSACTION_ABORTABLE'].includes(error.code);
  if (!isEnded) throw error;
}
