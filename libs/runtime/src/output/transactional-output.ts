/**
 * Output in transactions: exactly-once.
 *
 * Invariants:
 * - a transaction is open from the first batch that is sent until `commit` or `abandon` returns;
 * - offsets travel in the same transaction as the records that follow from them, fenced by the member's generation;
 * - after an error nothing is sent until `abandon` has ended the transaction, by an abort or, where the producer was
 *   fenced or lost track, by a new session.
 */
import type { GroupMetadata, OffsetToCommit, Producer } from '@millrace/client';
import { OutputBatches, type OutputBatchesOptions } from './output-batches.js';
import type { Output } from './output.js';

/** See the head of this file. */
export class TransactionalOutput implements Output {
  readonly batches: OutputBatches;
  readonly #producer: Producer;
  #isOpen = false;
  #failure: Error | undefined;

  /** @param producer One with a transactional id, of this thread alone. */
  constructor(producer: Producer, options: OutputBatchesOptions = {}) {
    this.#producer = producer;
    this.batches = new OutputBatches((topic, partition, batch) => {
      this.#open();
      const { recordCount } = batch;
      producer.send(topic, partition, batch).then(
        ({ baseOffset }) => this.batches.acknowledged(topic, partition, baseOffset, recordCount),
        (error: Error) => (this.#failure ??= error),
      );
    }, options);
  }

  get bufferedBytes(): number {
    return this.#producer.bufferedBytes;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  start(): Promise<void> {
    return this.#producer.start();
  }

  async commit(offsets: readonly OffsetToCommit[], group: GroupMetadata): Promise<void> {
    this.batches.flush();
    if (offsets.length === 0 && !this.#isOpen) return;
    this.#open();
    // The batches are on their way already: the offsets need not wait for their acknowledgement, only the commit does.
    await this.#producer.sendOffsets(offsets, group);
    await this.#producer.commitTransaction();
    this.#isOpen = false;
  }

  async abandon(): Promise<void> {
    this.batches.discard();
    if (this.#isOpen) {
      try {
        await this.#producer.abortTransaction();
      } catch {
        // Fenced, or nobody knows how the transaction ended: a new session ends it and fences what is left of this one.
        await this.#producer.start();
      }
    }
    this.#isOpen = false;
    this.#failure = undefined;
  }

  async stop(): Promise<void> {
    this.batches.discard();
    if (this.#isOpen) {
      // Sparing readers the wait for the transaction to time out; when it fails, that is what they do.
      await this.#producer.abortTransaction().catch(() => undefined);
      this.#isOpen = false;
    }
    await this.#producer.stop();
  }

  #open(): void {
    if (this.#isOpen) return;
    // Before the call: a producer that was fenced between two transactions refuses, and only `abandon` starts it again.
    this.#isOpen = true;
    this.#producer.beginTransaction();
  }
}
