import { Admin, CommittedRecords, Fetcher, type Cluster, type TopicPartition } from '@millrace/client';
import { eventually } from '@millrace/testing';

/** A committed record of an output. */
export interface OutputRecord {
  readonly topic: string;
  readonly key: string;
  readonly value: string | null;
}

const POLL_MS = 100;
const CATCH_UP_TIMEOUT_MS = 60_000;

/** Follows topics from their begin and hands over what is committed, in the order of each partition, until it is stopped or fails. */
export class OutputReader {
  readonly #cluster: Cluster;
  readonly #fetcher: Fetcher;
  readonly #take: (record: OutputRecord) => void;
  #partitions: { readonly topic: string; readonly partition: number; readonly offset: number }[] = [];
  #run: Promise<void> = Promise.resolve();
  #isStopping = false;
  #failure: Error | undefined;

  /** @param take Takes a record over; when it throws, the reader has failed. */
  constructor(cluster: Cluster, take: (record: OutputRecord) => void) {
    this.#cluster = cluster;
    this.#fetcher = new Fetcher(cluster, { isolation: 'read_committed' });
    this.#take = take;
  }

  /** What made it end: nothing more is handed over. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Where the next poll of each partition begins. */
  positions(places: readonly TopicPartition[]): (number | undefined)[] {
    return places.map((place) => this.#fetcher.position(place));
  }

  async start(topics: readonly string[]): Promise<void> {
    const metadata = await this.#cluster.metadata(topics);
    this.#partitions = metadata.flatMap(({ name, partitions }) =>
      partitions.map(({ partition }) => ({ topic: name, partition, offset: 0 })),
    );
    await this.#fetcher.start();
    this.#fetcher.assign(this.#partitions);
    this.#run = this.#follow().catch((failure: Error) => void (this.#failure = failure));
  }

  /**
   * Waits until everything was handed over that stands in the topics now, and no transaction on them is open; then stops.
   *
   * @throws as {@link stop}, at once.
   */
  async caughtUp(): Promise<void> {
    const queries = this.#partitions.map(({ topic, partition }) => ({ topic, partition, at: 'latest' as const }));
    const ends = await new Admin(this.#cluster).listOffsets(queries);
    const isAtEnds = (): boolean => ends.every((end) => (this.#fetcher.position(end) ?? 0) >= end.offset);
    await eventually(
      'the reader has read to the ends of the outputs',
      () => this.#failure !== undefined || isAtEnds(),
      { timeoutMs: CATCH_UP_TIMEOUT_MS, intervalMs: 20 },
    );
    // What was polled is handed over before the next poll.
    await this.stop();
  }

  /** May be called again. @throws what made it fail. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#run;
    await this.#fetcher.stop();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #follow(): Promise<void> {
    const records = new CommittedRecords();
    while (!this.#isStopping) {
      for (const batch of await this.#fetcher.poll(POLL_MS)) {
        records.reset(batch);
        while (records.nextRecord()) {
          const { cursor } = records;
          this.#take({
            topic: batch.topic,
            key: cursor.key()?.toString() ?? '',
            value: cursor.value()?.toString() ?? null,
          });
        }
      }
    }
  }
}
