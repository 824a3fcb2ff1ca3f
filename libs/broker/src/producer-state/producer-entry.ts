import type { BatchHeader } from '@millrace/protocol';

/** How many of a producer's last batches are remembered per partition to recognise a retry (as in Kafka). */
const REMEMBERED_BATCHES = 5;

interface RememberedBatch {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
}

/** What a partition knows about one producer id. */
export class ProducerEntry {
  /** -1 until the producer's first batch or marker. */
  epoch = -1;
  /** Where the open transaction of this producer begins in the partition, or -1. */
  transactionFirstOffset = -1;
  lastAppendMs = 0;
  #batches: RememberedBatch[] = [];

  /** The sequence of the last record of this epoch, or -1 when there is none. */
  get lastSequence(): number {
    return this.#batches.at(-1)?.lastSequence ?? -1;
  }

  /** The base offset that an identical batch was given before, or undefined. */
  duplicateOf(header: BatchHeader, lastSequence: number): number | undefined {
    if (header.producerEpoch !== this.epoch) return undefined;
    return this.#batches.find(
      (each) => each.firstSequence === header.baseSequence && each.lastSequence === lastSequence,
    )?.baseOffset;
  }

  remember(header: BatchHeader, lastSequence: number, nowMs: number): void {
    this.moveTo(header.producerEpoch, nowMs);
    this.#batches.push({ firstSequence: header.baseSequence, lastSequence, baseOffset: header.baseOffset });
    if (this.#batches.length > REMEMBERED_BATCHES) this.#batches.shift();
  }

  /** Takes over a later epoch, in which sequences begin again. */
  moveTo(epoch: number, nowMs: number): void {
    if (epoch !== this.epoch) this.#batches = [];
    this.epoch = epoch;
    this.lastAppendMs = nowMs;
  }
}
