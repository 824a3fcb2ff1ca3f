import { Producer, type Cluster } from '@millrace/client';
import { RecordBatchBuilder, partitionForKey } from '@millrace/protocol';
import type { DeliveryLedger } from '@millrace/testing';

const TICK_MS = 25;
const KEYS = 40;
/** What waits for brokers that do not acknowledge: beyond it nothing more is sent. */
const MAX_BUFFERED_BYTES = 256 * 1024;
/** Longer than any fault: what was sent is acknowledged in the end. */
const DELIVERY_TIMEOUT_MS = 240_000;

/** How orders are sent. */
export interface OrderLoadOptions {
  readonly topic: string;
  readonly perSecond: number;
  /** Told first in each id, where several loads share a topic. Default: none. */
  readonly name?: string;
  /** Sends in transactions of this many orders, of which each second one is aborted. Default: without transactions. */
  readonly transactionOf?: number;
}

/** Sends orders with ids of their own, steadily until it is stopped, and enters each into a ledger. */
export class OrderLoad {
  readonly #cluster: Cluster;
  readonly #ledger: DeliveryLedger;
  readonly #options: OrderLoadOptions;
  readonly #producer: Producer;
  readonly #failures: Error[] = [];
  #run: Promise<void> = Promise.resolve();
  #isStopping = false;
  #isPaused = false;
  #sent = 0;
  #acknowledged = 0;
  #aborted = 0;

  constructor(cluster: Cluster, ledger: DeliveryLedger, options: OrderLoadOptions) {
    this.#cluster = cluster;
    this.#ledger = ledger;
    this.#options = options;
    const { topic, name = '', transactionOf } = options;
    this.#producer = new Producer(cluster, {
      deliveryTimeoutMs: DELIVERY_TIMEOUT_MS,
      ...(transactionOf !== undefined && { transactionalId: `load of ${topic} ${name}` }),
    });
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Orders that were sent in transactions that were aborted. */
  get aborted(): number {
    return this.#aborted;
  }

  /** Whether nothing more is sent, for the brokers do not acknowledge what was. */
  get isHeldBack(): boolean {
    return this.#producer.bufferedBytes >= MAX_BUFFERED_BYTES;
  }

  async start(): Promise<void> {
    const partitions = await this.#cluster.partitionCount(this.#options.topic);
    await this.#producer.start();
    this.#run =
      this.#options.transactionOf === undefined ? this.#steadily(partitions) : this.#inTransactions(partitions);
  }

  /** Sends nothing until {@link resume}. For loads without transactions. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  /** Stops sending, waits until every order is acknowledged, and ends its producer in any case. @throws the first failure, which no test expects. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    try {
      await this.#run;
      await this.#producer.flush();
    } finally {
      await this.#producer.stop();
    }
    if (this.#failures[0] !== undefined) throw this.#failures[0];
  }

  async #steadily(partitions: number): Promise<void> {
    let dueMs = performance.now();
    while (!this.#isStopping) {
      const perTick = Math.ceil((this.#options.perSecond * TICK_MS) / 1_000);
      if (!this.isHeldBack && !this.#isPaused) {
        for (const { ids, sent } of this.#send(perTick, partitions)) {
          sent.then(
            () => this.#acknowledge(ids),
            (error: Error) => this.#failures.push(error),
          );
        }
      }
      dueMs += TICK_MS;
      await new Promise((resolve) => setTimeout(resolve, dueMs - performance.now()));
    }
  }

  async #inTransactions(partitions: number): Promise<void> {
    const { transactionOf = 1, perSecond } = this.#options;
    for (let nth = 0; !this.#isStopping; nth++) {
      const isAborted = nth % 2 === 1;
      this.#producer.beginTransaction();
      const batches = this.#send(transactionOf, partitions);
      const ids = batches.flatMap((batch) => batch.ids);
      if (isAborted) this.#ledger.takenBack(...ids);
      // The records are in the log, among those of others, before their transaction ends.
      await Promise.all(batches.map(({ sent }) => sent));
      await new Promise((resolve) => setTimeout(resolve, (1_000 * transactionOf) / perSecond));
      if (isAborted) {
        await this.#producer.abortTransaction();
        this.#aborted += ids.length;
      } else {
        await this.#producer.commitTransaction();
        this.#acknowledge(ids);
      }
    }
  }

  #send(count: number, partitions: number): { readonly ids: string[]; readonly sent: Promise<unknown> }[] {
    const { topic, name = '' } = this.#options;
    const batches = new Map<number, { builder: RecordBatchBuilder; ids: string[] }>();
    for (let nth = 0; nth < count; nth++) {
      const id = `${name}${this.#sent++}`;
      const key = Buffer.from(`key-${this.#sent % KEYS}`);
      const partition = partitionForKey(key, partitions);
      const batch = batches.get(partition) ?? { builder: new RecordBatchBuilder(), ids: [] };
      batches.set(partition, batch);
      batch.builder.append(Date.now(), key, Buffer.from(JSON.stringify({ id })));
      batch.ids.push(id);
      this.#ledger.sent(id);
    }
    return [...batches].map(([partition, { builder, ids }]) => ({
      ids,
      sent: this.#producer.send(topic, partition, builder),
    }));
  }

  #acknowledge(ids: readonly string[]): void {
    this.#acknowledged += ids.length;
    this.#ledger.acknowledged(...ids);
  }
}
