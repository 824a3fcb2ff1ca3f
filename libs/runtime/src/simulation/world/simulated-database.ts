import { TaskError, nextInt, type Random } from '@millrace/kernel';
import type { SinkBatch, SinkWriter, TopicPartition } from '@millrace/streams';
import type { SimulatedHost } from './simulated-host.js';

/** A row of a {@link SimulatedDatabase}: a record as it was written. */
export interface SunkRow {
  readonly offset: number;
  readonly value: unknown;
}

/** What the database keeps of a partition; rows and offset change together. */
export interface SunkPartition {
  readonly rows: SunkRow[];
  /** The offset after the last row; undefined before anything was written. */
  nextOffset: number | undefined;
  /** Rises with each owner; what an older one writes is refused. */
  epoch: number;
}

const MAX_DELAY_MS = 15;

/** A database outside Kafka, which keeps rows together with their offset and fences former owners, as PostgreSQL is used. */
export class SimulatedDatabase {
  readonly #partitions = new Map<string, SunkPartition>();
  readonly #random: Random;
  /** What is written of a batch; a defect may leave something out. */
  readonly #taken: (batch: SinkBatch) => readonly SunkRow[];

  constructor(random: Random, taken: (batch: SinkBatch) => readonly SunkRow[]) {
    this.#random = random;
    this.#taken = taken;
  }

  of({ topic, partition }: TopicPartition): SunkPartition {
    const key = `${topic}/${partition}`;
    let found = this.#partitions.get(key);
    if (found === undefined) {
      found = { rows: [], nextOffset: undefined, epoch: 0 };
      this.#partitions.set(key, found);
    }
    return found;
  }

  /** What a process on a host writes with. Calls take time on their way there and back. */
  writerOf(host: SimulatedHost): SinkWriter {
    const owned = new Map<SunkPartition, { readonly epoch: number; nextOffset: number | undefined }>();
    const called = async <T>(act: () => T): Promise<T> => {
      await this.#delay(host);
      const answer = act();
      await this.#delay(host);
      return answer;
    };
    return {
      open: (place) =>
        called(() => {
          const known = this.of(place);
          owned.set(known, { epoch: ++known.epoch, nextOffset: known.nextOffset });
          return known.nextOffset;
        }),
      write: (batch) =>
        called(() => {
          const known = this.of(batch);
          const mine = owned.get(known);
          if (mine === undefined || known.epoch !== mine.epoch) throw fenced(batch);
          known.rows.push(...this.#taken(batch));
          known.nextOffset = batch.nextOffset;
          mine.nextOffset = batch.nextOffset;
        }),
      close: async (place) => void owned.delete(this.of(place)),
      durableOffset: (place) => owned.get(this.of(place))?.nextOffset,
    };
  }

  #delay(host: SimulatedHost): Promise<void> {
    return new Promise((resolve) => host.setTimer(nextInt(this.#random, MAX_DELAY_MS), resolve));
  }
}

function fenced({ topic, partition }: TopicPartition): TaskError {
  return new TaskError('MR_SINK_FENCED', 'another owner has the partition', { place: { topic, partition } });
}
