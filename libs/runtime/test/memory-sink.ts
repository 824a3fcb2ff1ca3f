import { TaskError } from '@millrace/kernel';
import type { SinkBatch, SinkWriter } from '@millrace/streams';

interface PartitionTruth {
  nextOffset: number;
  generationId: number;
  readonly values: unknown[];
}

/**
 * What an exactly-once sink keeps: rows and the offset after them, changed together, and the generation of the owner that
 * fences older ones. Several writers can share it, as processes share a database.
 */
export class MemorySinkStorage {
  readonly partitions = new Map<string, PartitionTruth>();

  of({ topic, partition }: { topic: string; partition: number }): PartitionTruth {
    const key = `${topic}/${partition}`;
    const found = this.partitions.get(key) ?? { nextOffset: -1, generationId: -1, values: [] };
    this.partitions.set(key, found);
    return found;
  }

  get values(): unknown[] {
    return [...this.partitions.values()].flatMap(({ values }) => values);
  }
}

/** A writer on a {@link MemorySinkStorage}; `beforeWrite` may refuse. */
export class MemorySink implements SinkWriter {
  readonly storage: MemorySinkStorage;
  readonly batches: SinkBatch[] = [];
  beforeWrite: (batch: SinkBatch) => void = () => undefined;
  readonly #generations = new Map<string, number>();

  constructor(storage = new MemorySinkStorage()) {
    this.storage = storage;
  }

  async open(
    place: { topic: string; partition: number },
    fence: { generationId: number; memberId: string },
  ): Promise<number | undefined> {
    const truth = this.storage.of(place);
    if (truth.generationId > fence.generationId)
      throw new TaskError('MR_SINK_FENCED', 'a newer owner has the partition');
    truth.generationId = fence.generationId;
    this.#generations.set(`${place.topic}/${place.partition}`, fence.generationId);
    return truth.nextOffset < 0 ? undefined : truth.nextOffset;
  }

  async write(batch: SinkBatch): Promise<void> {
    this.beforeWrite(batch);
    const truth = this.storage.of(batch);
    if (truth.generationId !== this.#generations.get(`${batch.topic}/${batch.partition}`)) {
      throw new TaskError('MR_SINK_FENCED', 'a newer owner has the partition');
    }
    truth.values.push(...batch.records.map(({ value }) => value));
    truth.nextOffset = batch.nextOffset;
    this.batches.push(batch);
  }

  async close(): Promise<void> {}

  durableOffset(place: { topic: string; partition: number }): number | undefined {
    const { nextOffset } = this.storage.of(place);
    return nextOffset < 0 ? undefined : nextOffset;
  }
}
