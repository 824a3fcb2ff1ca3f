import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { Admin, Fetcher, type Cluster, type FetchedBatch } from '@millrace/client';
import { TaskError } from '@millrace/kernel';
import { partitionKey, type TopicPartition } from '../assignment/task-layout.js';

/** A partition that is read from a place to its present end. */
export interface PartitionToRead extends TopicPartition {
  /** Where to begin. Default: at the first record that the log still has. */
  readonly fromOffset?: number;
  /** Where to end at the latest. Default: at the end that the log has when the call is made. */
  readonly toOffset?: number;
  /** Called where the log does not hold {@link fromOffset}, or ends before it: reading begins at the log's first record then. */
  readonly startedOver?: () => void;
  /** Called first: where reading begins, and where it will end. */
  readonly begun?: (beginOffset: number, endOffset: number) => void;
  /** Takes what was read; the records of aborted transactions are still in it. */
  readonly apply: (batch: FetchedBatch) => void;
  /** Called once, when everything up to the end was applied. */
  readonly ended?: () => void;
}

/** Which end of a log is meant, as of when {@link readToEnd} is called. */
export type LogEnd =
  /** What readers of committed records see at once: the offset before the first transaction that is open. */
  | 'last-stable'
  /** All that was written. Waits for open transactions: committed records may lie behind one that its producer left open. */
  | 'high-watermark';

const POLL_MS = 200;

/**
 * Reads partitions, committed records only, from their beginning to the end that they have when the call is made.
 *
 * `apply` may get records past `toOffset`: a batch is never cut.
 *
 * Gives the event loop a turn after each batch, so that heartbeats go on however much there is to read.
 *
 * @returns where reading ended, in the order of the partitions: the offset to go on from.
 * @throws {TaskError} (restart-task) `MR_OFFSET_OUT_OF_RANGE` when `fromOffset` lies beyond the end of the log.
 * @throws the reason of `signal` when it aborts; else as `Fetcher.poll` and `Admin.listOffsets`.
 */
export async function readToEnd(
  cluster: Cluster,
  partitions: readonly PartitionToRead[],
  signal: AbortSignal,
  end: LogEnd = 'last-stable',
): Promise<number[]> {
  if (partitions.length === 0) return [];
  const isolation = end === 'last-stable' ? 'read_committed' : 'read_uncommitted';
  const bounds = await new Admin(cluster).listOffsets([
    ...partitions.map(({ topic, partition }) => ({ topic, partition, at: 'earliest' as const })),
    ...partitions.map(({ topic, partition }) => ({ topic, partition, at: 'latest' as const, isolation }) as const),
  ]);
  signal.throwIfAborted();
  const open = new Map<string, { readonly read: PartitionToRead; readonly endOffset: number }>();
  const ends = partitions.map((read, nth) => {
    const firstOffset = (bounds[nth] as { offset: number }).offset;
    const lastOffset = (bounds[partitions.length + nth] as { offset: number }).offset;
    const endOffset = Math.min(read.toOffset ?? lastOffset, lastOffset);
    const { fromOffset = 0 } = read;
    const isHeld = fromOffset === 0 || (fromOffset >= firstOffset && fromOffset <= endOffset);
    if (!isHeld && read.startedOver === undefined) throw beyondTheEnd(read, lastOffset);
    if (!isHeld) read.startedOver?.();
    const beginOffset = isHeld ? Math.max(fromOffset, firstOffset) : firstOffset;
    read.begun?.(beginOffset, Math.max(beginOffset, endOffset));
    if (beginOffset < endOffset) open.set(partitionKey(read.topic, read.partition), { read, endOffset });
    else read.ended?.();
    return { topic: read.topic, partition: read.partition, offset: beginOffset, endOffset };
  });
  if (open.size === 0) return ends.map(({ offset }) => offset);

  const fetcher = new Fetcher(cluster, { isolation: 'read_committed', maxWaitMs: POLL_MS });
  const abort = (): void => void fetcher.stop();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await fetcher.start();
    fetcher.assign(ends.filter(({ topic, partition }) => open.has(partitionKey(topic, partition))));
    while (open.size > 0) {
      const batches = await fetcher.poll(POLL_MS);
      // Who aborts has let go of what `apply` writes to.
      signal.throwIfAborted();
      for (const batch of batches) {
        open.get(partitionKey(batch.topic, batch.partition))?.read.apply(batch);
        await yieldToEventLoop();
        signal.throwIfAborted();
      }
      signal.throwIfAborted();
      for (const [key, { read, endOffset }] of open) {
        if ((fetcher.position(read) ?? 0) < endOffset) continue;
        open.delete(key);
        read.ended?.();
      }
    }
    return ends.map(({ topic, partition, offset }) => fetcher.position({ topic, partition }) ?? offset);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
    await fetcher.stop();
  }
}

function beyondTheEnd({ topic, partition, fromOffset }: PartitionToRead, lastOffset: number): TaskError {
  return new TaskError(
    'MR_OFFSET_OUT_OF_RANGE',
    `${topic}-${partition} ends at offset ${lastOffset}, before ${fromOffset}, where reading was to go on: it was deleted or cut off`,
    { place: { topic, partition, offset: fromOffset as number } },
  );
}
