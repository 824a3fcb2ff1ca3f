import { Admin, type Cluster } from '@millrace/client';
import { sleep } from '@millrace/kernel';

/** What an application still has to process. */
export interface BacklogSource {
  readonly groupId: string;
  readonly topics: readonly string[];
}

/** How often a full backlog is looked at again, in milliseconds. */
const LOOK_AGAIN_MS = 5;

/**
 * How many records have been published that the pipeline has not yet committed, as the brokers know it: back pressure for a
 * replay, wherever the applications run.
 */
export class Backlog {
  readonly #cluster: Cluster;
  readonly #sources: readonly BacklogSource[];
  readonly #maxRecords: number;
  #records = 0;

  /** @param maxRecords Above so many the replay waits. */
  constructor(cluster: Cluster, sources: readonly BacklogSource[], maxRecords: number) {
    this.#cluster = cluster;
    this.#sources = sources;
    this.#maxRecords = maxRecords;
  }

  /** As last looked at. */
  get records(): number {
    return this.#records;
  }

  /** Waits until there is room; rejects with the signal's reason when it aborts first. */
  async room(signal: AbortSignal): Promise<void> {
    for (await this.look(); this.#records > this.#maxRecords; await this.look()) {
      await sleep(this.#cluster.clock, LOOK_AGAIN_MS, signal);
    }
  }

  /** Asks the brokers. */
  async look(): Promise<void> {
    const counts = await Promise.all(this.#sources.map((source) => this.#recordsOf(source)));
    this.#records = counts.reduce((sum, count) => sum + count, 0);
  }

  async #recordsOf({ groupId, topics }: BacklogSource): Promise<number> {
    const admin = new Admin(this.#cluster);
    const metadata = await this.#cluster.metadata(topics);
    const partitions = metadata.flatMap(({ name, partitions: all }) =>
      all.map(({ partition }) => ({ topic: name, partition })),
    );
    const [ends, committed] = await Promise.all([
      admin.listOffsets(partitions.map((place) => ({ ...place, at: 'latest', isolation: 'read_committed' }))),
      admin.committedOffsets(groupId, partitions),
    ]);
    return ends.reduce(
      (sum, { offset }, index) => sum + Math.max(0, offset - Math.max(0, committed[index]?.offset ?? 0)),
      0,
    );
  }
}
