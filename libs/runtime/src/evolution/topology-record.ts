/**
 * What an application was when it last started: the descriptions of its topologies in the compacted topic
 * `<applicationId>-topology`, one record each by the topology's name.
 *
 * Invariants:
 * - descriptions are written before anything is processed, so no version that has processed is unknown;
 * - reading, judging and writing are one step: whoever writes has begun a session of the transactional id
 *   `<applicationId>-topology` first, which ends what others left open there and refuses those that began before;
 * - all descriptions of a version are written in one transaction.
 */
import { Producer, type Cluster } from '@millrace/client';
import { TransientError, isMillraceError, sleep } from '@millrace/kernel';
import { RecordBatchBuilder } from '@millrace/protocol';
import { readDescription, type TopologyDescription } from '@millrace/streams';
import { Backoff } from '../backoff/backoff.js';
import { readToEnd } from '../restore/read-to-end.js';
import { FetchedRun } from '../thread/fetched-run.js';
import { ensureTopics, existingPartitionCounts } from '../topics/ensure-topics.js';

/** Where a {@link TopologyRecord} is kept. */
export interface TopologyRecordOptions {
  readonly applicationId: string;
  readonly replicationFactor: number;
  readonly transactionTimeoutMs: number;
}

/** So many sessions are begun anew when other processes start at the same time, before the start is given up. */
const MAX_SESSIONS = 10;

/** See the head of this file. */
export class TopologyRecord {
  readonly topic: string;
  readonly #cluster: Cluster;
  readonly #options: TopologyRecordOptions;
  readonly #signal: AbortSignal;

  /** @param signal Ends what is under way. */
  constructor(cluster: Cluster, options: TopologyRecordOptions, signal: AbortSignal) {
    this.topic = `${options.applicationId}-topology`;
    this.#cluster = cluster;
    this.#options = options;
    this.#signal = signal;
  }

  /**
   * The descriptions that stand, by name; none where the application never started. Changes nothing.
   *
   * @throws {ConfigurationError} (stop-app) when a newer release wrote them.
   * @throws {TransientError} (retry) when the brokers cannot be reached.
   */
  async read(): Promise<ReadonlyMap<string, TopologyDescription>> {
    const found = new Map<string, TopologyDescription>();
    const counts = await existingPartitionCounts(this.#cluster, [this.topic]);
    if (!counts.has(this.topic)) return found;
    const read = {
      topic: this.topic,
      partition: 0,
      apply: (batch: ConstructorParameters<typeof FetchedRun>[0]) => {
        const run = new FetchedRun(batch);
        while (run.nextRecord()) {
          const name = run.cursor.key()?.toString() ?? '';
          const text = run.cursor.value()?.toString();
          if (text === undefined) found.delete(name);
          else found.set(name, readDescription(text, `the topic '${this.topic}'`));
        }
      },
    };
    await readToEnd(this.#cluster, [read], this.#signal).catch(forNow);
    return found;
  }

  /**
   * Puts descriptions in the place of those that stand, unless they are the same.
   *
   * @param judge Throws when what stands cannot go on with them; may be asked several times.
   * @throws what `judge` throws; else as {@link read}.
   */
  async replace(
    present: readonly TopologyDescription[],
    judge: (standing: readonly TopologyDescription[]) => Promise<void>,
  ): Promise<void> {
    const { applicationId, replicationFactor, transactionTimeoutMs } = this.#options;
    const topic = { name: this.topic, partitions: 1, configs: { 'cleanup.policy': 'compact' } };
    await ensureTopics(this.#cluster, [topic], replicationFactor);
    const producer = new Producer(this.#cluster, {
      transactionalId: `${applicationId}-topology`,
      transactionTimeoutMs,
    });
    const backoff = new Backoff(this.#cluster.random);
    try {
      for (let session = 1; ; session++) {
        try {
          await producer.start();
          const standing = await this.read();
          if (isSame(standing, present)) return;
          await judge([...standing.values()]);
          await this.#write(producer, standing, present);
          return;
        } catch (error) {
          const isOvertaken = isMillraceError(error) && error.disposition === 'restart-task';
          if (!isOvertaken || session === MAX_SESSIONS) forNow(error);
          await sleep(this.#cluster.clock, backoff.nextMs(), this.#signal);
        }
      }
    } finally {
      await producer.stop();
    }
  }

  async #write(
    producer: Producer,
    standing: ReadonlyMap<string, TopologyDescription>,
    present: readonly TopologyDescription[],
  ): Promise<void> {
    const nowMs = this.#cluster.clock.nowMs();
    const batch = new RecordBatchBuilder();
    const names = new Set(present.map(({ topology }) => topology));
    for (const name of standing.keys()) if (!names.has(name)) batch.append(nowMs, Buffer.from(name), null, []);
    for (const description of present) {
      batch.append(nowMs, Buffer.from(description.topology), Buffer.from(JSON.stringify(description)), []);
    }
    producer.beginTransaction();
    // Its failure is that of the commit.
    producer.send(this.topic, 0, batch).catch(() => undefined);
    await producer.commitTransaction();
  }
}

/** Whether descriptions are those that stand. */
export function isSame(
  standing: ReadonlyMap<string, TopologyDescription>,
  present: readonly TopologyDescription[],
): boolean {
  const isKnown = (each: TopologyDescription): boolean =>
    JSON.stringify(standing.get(each.topology)) === JSON.stringify(each);
  return standing.size === present.length && present.every(isKnown);
}

/** What asks for a task to be restarted asks for another start here: there is no task yet. */
function forNow(error: unknown): never {
  if (!isMillraceError(error) || error.disposition !== 'restart-task') throw error;
  throw new TransientError(error.code, `the topologies could not be compared with those of before: ${error.message}`, {
    cause: error,
  });
}
