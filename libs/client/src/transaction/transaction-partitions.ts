import { partitionKey, type TopicPartition } from '../metadata/topic-metadata.js';
import type { ProducerIdentity } from '../producer/producer-identity.js';
import { addPartitions, type TransactionContext } from './transaction-requests.js';

/**
 * What belongs to the open transaction.
 *
 * With transaction version 1 a partition is added before its first batch is sent; partitions that are asked for in the
 * same run of synchronous code share a request. With version 2 brokers do that.
 */
export class TransactionPartitions {
  readonly #source: () => { readonly context: TransactionContext; readonly identity: ProducerIdentity };
  readonly #added: () => void;
  readonly #failed: (error: Error) => void;
  #known = new Map<string, 'asked' | 'added'>();
  #asked: TopicPartition[] = [];
  #adding: Promise<void> | undefined;
  #started = false;

  /**
   * @param added Called when more partitions belong to the transaction.
   * @param failed Called when partitions could not be added.
   */
  constructor(
    source: () => { readonly context: TransactionContext; readonly identity: ProducerIdentity },
    added: () => void,
    failed: (error: Error) => void,
  ) {
    this.#source = source;
    this.#added = added;
    this.#failed = failed;
  }

  /** Whether the coordinator may know of the transaction, so that it has to be told of its end. */
  get hasStarted(): boolean {
    return this.#started;
  }

  /** Notes that something is about to be sent in the transaction. */
  markStarted(): true {
    this.#started = true;
    return true;
  }

  /** Whether a partition was added; asks for it when not. */
  isAdded(topic: string, partition: number): boolean {
    const key = partitionKey(topic, partition);
    const known = this.#known.get(key);
    if (known === undefined) {
      this.#known.set(key, 'asked');
      this.#asked.push({ topic, partition });
      this.#add();
    }
    return known === 'added';
  }

  /** Waits for partitions that are being added. Never rejects. */
  async quiet(): Promise<void> {
    while (this.#adding !== undefined) await this.#adding;
  }

  /** Begins with nothing, for the next transaction. */
  clear(): void {
    this.#known = new Map();
    this.#asked = [];
    this.#started = false;
  }

  #add(): void {
    this.#adding ??= this.#addAsked().finally(() => {
      this.#adding = undefined;
      if (this.#asked.length > 0) this.#add();
    });
  }

  async #addAsked(): Promise<void> {
    await Promise.resolve();
    while (this.#asked.length > 0) {
      const { context, identity } = this.#source();
      const known = this.#known;
      const partitions = this.#asked;
      this.#asked = [];
      this.#started = true;
      try {
        await addPartitions(context, identity, partitions);
      } catch (error) {
        // An answer to an earlier session says nothing of this one, which has begun with nothing.
        if (known !== this.#known) continue;
        this.#asked = [];
        this.#failed(error as Error);
        return;
      }
      for (const { topic, partition } of partitions) known.set(partitionKey(topic, partition), 'added');
      this.#added();
    }
  }
}
