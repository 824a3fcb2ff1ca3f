import { RecordBatchBuilder } from '@millrace/protocol';
import type { ProduceResult } from './pending-batch.js';

/** Where a record ended up. */
export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  /** -1 when the broker has forgotten it because it saw the batch long ago. */
  readonly offset: number;
}

interface Waiter {
  readonly index: number;
  readonly resolve: (place: RecordPlace) => void;
  readonly reject: (error: unknown) => void;
}

/** A batch under construction; used again for another partition once it is sent. */
export class OpenBatch {
  readonly builder = new RecordBatchBuilder();
  topic = '';
  partition = 0;
  /** Bytes that its records were counted as. */
  accountedBytes = 0;
  #waiters: Waiter[] = [];
  #outcome: PromiseWithResolvers<void> | undefined;

  begin(topic: string, partition: number): this {
    this.topic = topic;
    this.partition = partition;
    this.accountedBytes = 0;
    return this;
  }

  /** A promise of the place of the record that was appended last. */
  placeOfLast(): Promise<RecordPlace> {
    const index = this.builder.recordCount - 1;
    return new Promise((resolve, reject) => this.#waiters.push({ index, resolve, reject }));
  }

  /** A promise that the whole batch is in the log; the same one for all who ask. */
  outcome(): Promise<void> {
    if (this.#outcome !== undefined) return this.#outcome.promise;
    this.#outcome = Promise.withResolvers<void>();
    // Whoever asked may wait for it later: until then a failure is not unhandled.
    this.#outcome.promise.catch(() => undefined);
    return this.#outcome.promise;
  }

  /** Hands the outcome to those who wait for it, and empties the batch. */
  finish(result: Promise<ProduceResult>): void {
    const { topic, partition } = this;
    const waiters = this.#waiters;
    this.#waiters = [];
    const outcome = this.#outcome;
    this.#outcome = undefined;
    this.builder.reset();
    result.then(
      ({ baseOffset }) => {
        outcome?.resolve();
        for (const { index, resolve } of waiters) {
          resolve({ topic, partition, offset: baseOffset < 0 ? -1 : baseOffset + index });
        }
      },
      (error: unknown) => {
        outcome?.reject(error);
        for (const { reject } of waiters) reject(error);
      },
    );
  }
}
