import { Admin, CommittedRecords, Fetcher, type Cluster } from '@millrace/client';
import { eventually } from '@millrace/testing';

/** A committed record of an output. */
export interface OutputRecord {
  readonly topic: string;
  readonly key: string;
  readonly value: string | null;
}

const POLL_MS = 100;
const CATCH_UP_TIMEOUT_MS = 60_000;

/** Follows topics from their begin and hands over what is committed, in the order of each partition. */
export class OutputReader {
  readonly #cluster: Cluster;
  readonly #fetcher: Fetcher;
  readonly #take: (record: OutputRecord) => void;
  #partitions: { readonly topic: string; readonly partition: number; readonly offset: number }[] = [];
  #run: Promise<void> = Promise.resolve();
  #isStopping = false;

  constructor(cluster: Cluster, take: (record: OutputRecord) => void) {
    this.#cluster = cluster;
    this.#fetcher = new Fetcher(cluster, { isolation: 'read_committed' });
    this.#take = take;
  }

  async start(topics: readonly string[]): Promise<void> {
    const metadata = await this.#cluster.metadata(topics);
    this.#partitions = metadata.flatMap(({ name, partitions }) =>
      partitions.map(({ partition }) => ({ topic: name, partition, offset: 0 })),
    );
    await this.#fetcher.start();
    this.#fetcher.assign(this.#partitions);
    this.#run = this.#follow();
  }

  /** Waits until everything was handed over that stands in the topics now, and no transaction on them is open. */
  async caughtUp(): Promise<void> {
    const queries = this.#partitions.map(({ topic, partition }) => ({ topic, partition, at: 'latest' as const }));
    const ends = await new Admin(this.#cluster).listOffsets(queries);
    await eventually(
      'the reader has read to the ends of the outputs',
      () => ends.every((end) => (this.#fetcher.position(end) ?? 0) >= end.offset),
      { timeoutMs: CATCH_UP_TIMEOUT_MS, intervalMs: 20 },
    );
    // What was polled is handed over before the next poll.
    await this.stop();
  }

  /** @throws what made it end. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#run;
    await this.#fetcher.stop();
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
