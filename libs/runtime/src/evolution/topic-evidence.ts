import { Admin, type Cluster, type TopicPartition } from '@millrace/client';
import { topicInCluster, type ChangeEvidence } from '@millrace/streams';
import { readToEnd } from '../restore/read-to-end.js';
import { FetchedRun } from '../thread/fetched-run.js';
import { existingPartitionCounts } from '../topics/ensure-topics.js';

/**
 * Offsets that are looked through for a record: control records of transactions take offsets too, so an end beyond the committed
 * offset proves nothing. Where there are more, some are records.
 */
const MAX_OFFSETS = 10_000;

/** Asks the cluster whether topics are empty, or read to their ends by the application's group. A missing topic is both. */
export class TopicEvidence {
  readonly #cluster: Cluster;
  readonly #applicationId: string;
  readonly #signal: AbortSignal;

  /** @param signal Ends what is under way. */
  constructor(cluster: Cluster, applicationId: string, signal: AbortSignal) {
    this.#cluster = cluster;
    this.#applicationId = applicationId;
    this.#signal = signal;
  }

  /** Throws as {@link Admin.listOffsets}, {@link Admin.committedOffsets} and {@link readToEnd}. */
  async holds({ topics, are }: ChangeEvidence): Promise<boolean> {
    const names = topics.map((topic) => topicInCluster(topic, this.#applicationId));
    const counts = await existingPartitionCounts(this.#cluster, names);
    const places = [...counts].flatMap(([topic, count]) =>
      Array.from({ length: count }, (_none, partition) => ({ topic, partition })),
    );
    if (places.length === 0) return true;
    const admin = new Admin(this.#cluster);
    const isolation = 'read_committed';
    const bounds = await admin.listOffsets([
      ...places.map((place) => ({ ...place, at: 'earliest' as const })),
      ...places.map((place) => ({ ...place, at: 'latest' as const, isolation }) as const),
    ]);
    const committed = are === 'empty' ? [] : await admin.committedOffsets(this.#applicationId, places);
    const ranges = places.map((place, nth) => {
      const first = bounds[nth]?.offset ?? 0;
      const end = bounds[places.length + nth]?.offset ?? 0;
      return { ...place, from: Math.max(first, committed[nth]?.offset ?? first), end };
    });
    if (ranges.some(({ from, end }) => end - from > MAX_OFFSETS)) return false;
    return (await this.#recordsIn(ranges.filter(({ from, end }) => from < end))) === 0;
  }

  async #recordsIn(
    ranges: readonly (TopicPartition & { readonly from: number; readonly end: number })[],
  ): Promise<number> {
    let records = 0;
    const reads = ranges.map(({ topic, partition, from, end }) => ({
      topic,
      partition,
      fromOffset: from,
      toOffset: end,
      apply: (batch: ConstructorParameters<typeof FetchedRun>[0]) => {
        const run = new FetchedRun(batch, undefined, end);
        while (run.nextRecord()) if (run.cursor.offset >= from) records += 1;
      },
    }));
    await readToEnd(this.#cluster, reads, this.#signal);
    return records;
  }
}
