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

  /** Hands the outcome to those who wait for it, and empties the batch. */
  finish(result: Promise<ProduceResult>): void {
    const { topic, partition } = this;
    const waiters = this.#waiters;
    this.#waiters = [];
    this.builder.reset();
    result.then(
      ({ baseOffset }) => {
        for (const { index, resolve } of waiters) {
          resolve({ topic, partition, offset: baseOffset < 0 ? -1 : baseOffset + index });
        }
      },
      (error: unknown) => {
        for (const { reject } of waiters) reject(error);
      },
    );
  }
}
