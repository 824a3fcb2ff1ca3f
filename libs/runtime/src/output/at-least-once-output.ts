import type { GroupMetadata, OffsetToCommit, Producer } from '@millrace/client';
import { OutputBatches, type OutputBatchesOptions } from './output-batches.js';
import type { Output } from './output.js';

/** Commits offsets of the thread's group, outside of any transaction. Throws as `GroupMember.commitOffsets`. */
export type CommitOffsets = (offsets: readonly OffsetToCommit[]) => Promise<void>;

/**
 * Output without transactions: at least once. Offsets are committed when everything that follows from them is in the
 * logs; after a failure in between, it is there again.
 */
export class AtLeastOnceOutput implements Output {
  readonly batches: OutputBatches;
  readonly #producer: Producer;
  readonly #commitOffsets: CommitOffsets;
  #failure: Error | undefined;

  /** @param producer One without a transactional id, of this thread alone. */
  constructor(producer: Producer, commitOffsets: CommitOffsets, options: OutputBatchesOptions = {}) {
    this.#producer = producer;
    this.#commitOffsets = commitOffsets;
    this.batches = new OutputBatches((topic, partition, batch) => {
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

  async commit(offsets: readonly OffsetToCommit[], _group: GroupMetadata): Promise<void> {
    this.batches.flush();
    await this.#producer.flush();
    if (this.#failure !== undefined) throw this.#failure;
    if (offsets.length > 0) await this.#commitOffsets(offsets);
  }

  async abandon(): Promise<void> {
    this.batches.discard();
    // What is on its way cannot be called back; waiting for it keeps the order of what follows.
    await this.#producer.flush().catch(() => undefined);
    this.#failure = undefined;
  }

  async stop(): Promise<void> {
    this.batches.discard();
    await this.#producer.stop();
  }
}
