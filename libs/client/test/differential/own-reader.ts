import { RecordBatchCursor } from '@millrace/protocol';
import { CommittedRecords, Fetcher, type Cluster, type FetchedBatch, type FetcherOptions } from '../../src/index.js';
import { headersByName, hex, type WireRecord } from './wire-record.js';

/** Partition 0 of a topic from an offset to its present end, as this client sees it. */
export async function readWithOwn(
  cluster: Cluster,
  topic: string,
  options: FetcherOptions & { readonly fromOffset?: number } = {},
): Promise<WireRecord[]> {
  const seen: WireRecord[] = [];
  const records = new CommittedRecords();
  await readToEnd(cluster, topic, options, (batch) => {
    records.reset(batch);
    while (records.nextRecord()) seen.push(current(records));
  });
  return seen;
}

/** How many batches of partition 0 compaction has left without records. */
export async function emptyBatches(cluster: Cluster, topic: string): Promise<number> {
  let count = 0;
  const cursor = new RecordBatchCursor();
  await readToEnd(cluster, topic, {}, ({ records }) => {
    cursor.reset(records);
    while (cursor.nextBatch()) if (!cursor.nextRecord()) count++;
  });
  return count;
}

async function readToEnd(
  cluster: Cluster,
  topic: string,
  options: FetcherOptions & { readonly fromOffset?: number },
  take: (batch: FetchedBatch) => void,
): Promise<void> {
  const { fromOffset = 0, ...fetch } = options;
  const place = { topic, partition: 0 };
  const fetcher = new Fetcher(cluster, { maxWaitMs: 100, ...fetch });
  await fetcher.start();
  try {
    fetcher.assign([{ ...place, offset: fromOffset }]);
    while (!fetcher.isCaughtUp(place)) for (const batch of await fetcher.poll(1_000)) take(batch);
  } finally {
    await fetcher.stop();
  }
}

function current({ cursor }: CommittedRecords): WireRecord {
  const { offset, timestampMs } = cursor;
  return {
    offset,
    timestampMs,
    key: hex(cursor.key()),
    value: hex(cursor.value()),
    headers: headersByName(cursor.headers()),
  };
}
