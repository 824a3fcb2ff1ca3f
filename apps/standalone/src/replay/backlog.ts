import { Admin, type Cluster } from '@millrace/client';
import { sleep } from '@millrace/kernel';

/** What an application still has to process: of these topics, and of its own repartition topics. */
export interface BacklogSource {
  /** The group, which is the application's id. */
  readonly groupId: string;
  readonly topics: readonly string[];
}

/** How often a full backlog is looked at again, in milliseconds. */
const LOOK_AGAIN_MS = 5;

/**
 * How many records have been published that the pipeline has not yet committed, as the brokers know it: back pressure for a
 * replay, wherever the applications run. They must be running when it is first looked at.
 */
export class Backlog {
  readonly #cluster: Cluster;
  readonly #sources: readonly BacklogSource[];
  readonly #maxRecords: number;
  /** The sources with their repartition topics, once the applications have made them. */
  #complete: Promise<readonly BacklogSource[]> | undefined;
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
    // Records that wait inside an application count too: one of its tasks may be behind while another runs ahead.
    this.#complete ??= this.#withRepartitionTopics();
    const sources = await this.#complete;
    const counts = await Promise.all(sources.map((source) => this.#recordsOf(source)));
    this.#records = counts.reduce((sum, count) => sum + count, 0);
  }

  async #withRepartitionTopics(): Promise<readonly BacklogSource[]> {
    const all = await new Admin(this.#cluster).listTopics();
    return this.#sources.map(({ groupId, topics }) => {
      const own = all.filter((name) => name.startsWith(`${groupId}-`) && name.endsWith('-repartition'));
      return { groupId, topics: [...topics, ...own] };
    });
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
