/**
 * The global tables of an application: every task sees them whole.
 *
 * They are read to their end before any task starts, so that a lookup never misses what was there, and kept up to date by
 * a loop of their own. A record that cannot be decoded is skipped and reported: each process reads the table, so none may
 * send it to a dead-letter topic.
 */
import { Fetcher, type Cluster, type FetchedBatch } from '@millrace/client';
import { dispositionOf, describeError, isMillraceError, sleep, FatalError, type Lifecycle } from '@millrace/kernel';
import { GlobalStore, type ReadOnlyTable, type Topology } from '@millrace/streams';
import { Backoff } from '../backoff/backoff.js';
import { runtimeChannels, type ThreadPlace } from '../diagnostics/channels.js';
import { RestoreProgress } from '../restore/restore-progress.js';
import { readToEnd, type PartitionToRead } from '../restore/read-to-end.js';
import { FetchedRun } from '../thread/fetched-run.js';

const POLL_MS = 500;

interface Table {
  readonly name: string;
  readonly topology: Topology;
  readonly topic: string;
  readonly store: GlobalStore;
}

/** See the head of this file. */
export class GlobalTables implements Lifecycle {
  readonly #cluster: Cluster;
  readonly #place: ThreadPlace;
  readonly #failed: (error: unknown) => void;
  readonly #tables: readonly Table[];
  readonly #fetcher: Fetcher;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  /**
   * @param cluster Started before {@link start}.
   * @param failed Told of what ends the loop for good.
   */
  constructor(
    cluster: Cluster,
    applicationId: string,
    topologies: readonly Topology[],
    failed: (error: unknown) => void,
  ) {
    this.#cluster = cluster;
    this.#place = { applicationId, thread: 'global-tables' };
    this.#failed = failed;
    this.#fetcher = new Fetcher(cluster, { isolation: 'read_committed', maxWaitMs: POLL_MS });
    this.#tables = topologies.flatMap((topology) =>
      topology.globalTables.map(({ name, topic, store, key, value }) => ({
        name,
        topology,
        topic,
        store: new GlobalStore(store, key, value),
      })),
    );
  }

  /** The table that a node of the topology looks up. */
  table(topology: Topology, name: string): ReadOnlyTable {
    const found = this.#tables.find((each) => each.topology === topology && each.name === name);
    if (found === undefined)
      throw new FatalError('MR_TOPOLOGY_INVALID', `'${topology.name}' has no global table '${name}'`);
    return found.store;
  }

  /** Reads all tables to their ends, then goes on in the background. */
  async start(): Promise<void> {
    if (this.#tables.length === 0) return;
    const topics = [...new Set(this.#tables.map(({ topic }) => topic))];
    const described = await this.#cluster.metadata(topics);
    const partitions = described.flatMap(({ name, partitions: all }) =>
      all.map(({ partition }) => ({ topic: name, partition })),
    );
    const reads = partitions.map((place) => ({ ...place, ...this.#progress(place) }));
    const ends = await readToEnd(this.#cluster, reads, this.#stopping.signal);
    await this.#fetcher.start();
    this.#fetcher.assign(partitions.map((place, nth) => ({ ...place, offset: ends[nth] as number })));
    this.#running = this.#follow();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new FatalError('MR_LIFECYCLE_ORDER', 'the global tables were stopped'));
    await this.#fetcher.stop();
    await this.#running;
  }

  #progress(place: { topic: string; partition: number }): Pick<PartitionToRead, 'begun' | 'apply' | 'ended'> {
    const progress = new RestoreProgress(this.#cluster.clock, { ...this.#place, ...place });
    return {
      begun: (beginOffset, endOffset) => progress.begun(endOffset - beginOffset),
      apply: (batch) => progress.restored(this.#apply(batch)),
      ended: () => progress.ended(),
    };
  }

  async #follow(): Promise<void> {
    const backoff = new Backoff(this.#cluster.random);
    while (!this.#stopping.signal.aborted) {
      try {
        for (const batch of await this.#fetcher.poll(POLL_MS)) this.#apply(batch);
        backoff.reset();
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        if (dispositionOf(error, 'stop-app') !== 'retry') {
          this.#failed(error);
          return;
        }
        const delayMs = backoff.nextMs();
        this.#tell(error, 'retry', delayMs);
        await sleep(this.#cluster.clock, delayMs, this.#stopping.signal).catch(() => undefined);
      }
    }
  }

  #apply(batch: FetchedBatch): number {
    const stores = this.#tables.filter(({ topic }) => topic === batch.topic).map(({ store }) => store);
    const run = new FetchedRun(batch);
    let applied = 0;
    while (run.nextRecord()) {
      const { buffer, keyStart, keyEnd, valueStart, valueEnd } = run.cursor;
      try {
        for (const store of stores) store.apply(buffer, keyStart, keyEnd, valueStart, valueEnd);
        applied += 1;
      } catch (error) {
        if (dispositionOf(error, 'stop-app') !== 'dead-letter') throw error;
        this.#tell(error, 'skip', 0, `${batch.topic}-${batch.partition}@${run.cursor.offset}: `);
      }
    }
    return applied;
  }

  #tell(error: unknown, action: 'skip' | 'retry', delayMs: number, where = ''): void {
    runtimeChannels.failed.publish({
      ...this.#place,
      code: isMillraceError(error) ? error.code : 'unknown',
      message: `${where}${error instanceof Error ? error.message : describeError(error)}`,
      action,
      delayMs,
      cause: error,
    });
  }
}
