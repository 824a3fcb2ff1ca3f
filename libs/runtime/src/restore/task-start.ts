import { Admin, type Cluster, type CommittedOffset, type GroupMembership } from '@millrace/client';
import { TaskError, describeError, isMillraceError, type Clock } from '@millrace/kernel';
import type { Changelog } from '@millrace/streams';
import { partitionKey } from '../assignment/task-layout.js';
import type { ThreadPlace } from '../diagnostics/channels.js';
import type { ActiveTask } from '../thread/active-task.js';
import { FetchedRun } from '../thread/fetched-run.js';
import { RestoreProgress } from './restore-progress.js';
import { readToEnd, type PartitionToRead } from './read-to-end.js';

/** What {@link TaskStart} needs. */
export interface TaskStartParts {
  readonly place: ThreadPlace;
  readonly cluster: Cluster;
  readonly member: GroupMembership;
  readonly clock: Clock;
}

/**
 * Gets tasks ready to run: where each input goes on, and its stores as of there.
 *
 * The order matters. Committed offsets are asked for first, which waits until transactions that hold offsets of these
 * partitions have ended (KIP-447). So whatever a former owner committed stands before the ends of the changelogs that are
 * looked up then, and what it did not is aborted. Changelogs are read to all that was written, not to the last stable offset: a
 * process may have died between its first record and its offsets, and its successor have committed behind what it left open.
 */
export class TaskStart {
  readonly #parts: TaskStartParts;

  constructor(parts: TaskStartParts) {
    this.#parts = parts;
  }

  /**
   * Starts tasks side by side and tells of each that is ready, or could not be restored: what keeps one of them from that does not
   * concern the others. A task that is closed meanwhile is left out.
   *
   * @param failed Told the reason: a {@link TaskError} (restart-task) `MR_RESTORE_FAILED` for a damaged changelog, else what a store
   *   or a request throws.
   * @throws what keeps all of them from being started: as the client's requests.
   */
  async start(
    tasks: readonly ActiveTask[],
    ready: (task: ActiveTask) => void,
    failed: (task: ActiveTask, error: unknown) => void,
  ): Promise<void> {
    const { member, cluster } = this.#parts;
    const inputs = tasks.flatMap(({ partitions }) => partitions);
    const committed = await member.committedOffsets(inputs);
    const fresh = committed.filter(({ offset }) => offset === undefined);
    const begins = await new Admin(cluster).listOffsets(fresh.map((place) => ({ ...place, at: 'earliest' })));
    const startOf = new Map([
      ...committed.map(({ topic, partition, offset }) => [partitionKey(topic, partition), offset] as const),
      ...begins.map(({ topic, partition, offset }) => [partitionKey(topic, partition), offset] as const),
    ]);
    const metadataOf = new Map(committed.map((each) => [partitionKey(each.topic, each.partition), each]));
    await Promise.all(
      tasks.map(async (task) => {
        try {
          for (const place of task.partitions) {
            const key = partitionKey(place.topic, place.partition);
            task.startAt(place, startOf.get(key) as number);
            task.task.restoreTimes((metadataOf.get(key) as CommittedOffset).metadata);
          }
          await this.#restore(task);
        } catch (error) {
          failed(task, error);
          return;
        }
        if (!task.closing.signal.aborted) ready(task);
      }),
    );
  }

  async #restore(task: ActiveTask): Promise<void> {
    const { signal } = task.closing;
    const changelogs = task.task.changelogs();
    if (changelogs.length === 0 || signal.aborted) return;
    const events = changelogs.map(
      ({ topic, partition }) =>
        new RestoreProgress(this.#parts.clock, { ...this.#parts.place, taskId: task.key, topic, partition }),
    );
    try {
      const reads = changelogs.map((changelog, nth) => this.#read(task, changelog, events[nth] as RestoreProgress));
      const ends = await readToEnd(this.#parts.cluster, reads, signal, 'high-watermark');
      changelogs.forEach(({ store }, nth) =>
        task.task.storeSet.reached(store, Math.min(ends[nth] as number, reads[nth]?.toOffset ?? Infinity)),
      );
    } catch (error) {
      for (const each of events) each.abandoned();
      if (signal.aborted) return;
      const isDamaged =
        isMillraceError(error) && (error.disposition === 'dead-letter' || error.code === 'MR_OFFSET_OUT_OF_RANGE');
      throw isDamaged ? damaged(task, error) : error;
    }
  }

  #read(task: ActiveTask, changelog: Changelog, events: RestoreProgress): PartitionToRead {
    const { store, topic, partition, isSource } = changelog;
    // A table that is read from a topic goes on from the committed offset: what lies beyond is still to be processed.
    const toOffset = isSource ? task.startOffset({ topic, partition }) : Infinity;
    const fromOffset = task.task.restorePosition(store);
    return {
      topic,
      partition,
      ...(fromOffset !== undefined && { fromOffset }),
      startedOver: () => task.task.storeSet.wipe(store),
      toOffset,
      begun: (beginOffset, endOffset) => {
        task.progress.sawEnd(store, endOffset);
        events.begun(endOffset - beginOffset);
      },
      apply: (batch) => events.restored(task.task.restore(store, new FetchedRun(batch, undefined, toOffset))),
      ended: () => {
        task.task.storeSet.restored(store);
        events.ended();
      },
    };
  }
}

function damaged(task: ActiveTask, error: unknown): TaskError {
  return new TaskError(
    'MR_RESTORE_FAILED',
    `a changelog of task ${task.key} cannot be read (${describeError(error)}): if it stays so, delete the changelog and start over`,
    { cause: error, place: { taskId: task.key } },
  );
}
