import { describe, expect, it } from '@jest/globals';
import type { FetchedBatch } from '@millrace/client';
import { RecordBatchBuilder, patchBatchForLog } from '@millrace/protocol';
import { eventually } from '@millrace/testing';
import { resolveDelivery, type Delivery } from '../delivery-options.js';
import { PartitionWorker, type HandleRecords, type WorkerListener } from './partition-worker.js';

const place = { topic: 'orders', partition: 0 };

/** Records of one key from `startOffset` on; then the log has a gap up to `nextOffset`. */
function fetched(startOffset: number, count: number, nextOffset = startOffset + count): FetchedBatch {
  const builder = new RecordBatchBuilder();
  for (let nth = 0; nth < count; nth++) builder.append(0, Buffer.from('k'), Buffer.from(`v${startOffset + nth}`));
  const records = builder.build();
  patchBatchForLog(records, startOffset, 0);
  const ends = { highWatermark: nextOffset, lastStableOffset: nextOffset };
  return { ...place, records, startOffset, nextOffset, abortedTransactions: [], ...ends };
}

function workerOf(
  delivery: Partial<Delivery>,
  handle: HandleRecords,
  listener: Partial<WorkerListener> = {},
): PartitionWorker {
  const whole = { batch: false, ...resolveDelivery({}, 'delivery', []), ...delivery };
  const deaf = { hungry: () => undefined, settled: () => undefined };
  const failed = (error: Error): never => {
    throw error;
  };
  return new PartitionWorker(place, 0, whole, handle, { ...deaf, failed, ...listener });
}

/** Lets everything happen that waits for nothing. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('PartitionWorker', () => {
  it('hands over what is added at the moment at which it finds nothing more', async () => {
    const seen: number[] = [];
    let last: FetchedBatch | undefined = fetched(7, 1);
    const worker: PartitionWorker = workerOf(
      {},
      async ([record], scope) => {
        const { offset } = record as NonNullable<typeof record>;
        seen.push(offset);
        scope.settle(offset);
      },
      {
        settled: () => {
          // Only where the gap is passed over: at the end of what was added.
          if (worker.committable !== 7 || last === undefined) return;
          const batch = last;
          last = undefined;
          queueMicrotask(() => worker.add(batch));
        },
      },
    );

    worker.add(fetched(0, 2, 7));

    await eventually('all are handled', () => seen.length === 3);
    expect(seen).toEqual([0, 1, 7]);
    expect(worker.committable).toBe(8);
  });

  it('hands over nothing after records that cannot be read, also when more are there', async () => {
    const seen: number[] = [];
    const failures: Error[] = [];
    const damaged = fetched(2, 1);
    damaged.records.writeUInt8(damaged.records.readUInt8(damaged.records.length - 1) ^ 1, damaged.records.length - 1);
    const worker = workerOf(
      {},
      async (records, scope) => {
        for (const { offset } of records) {
          seen.push(offset);
          scope.settle(offset);
        }
      },
      { failed: (error) => failures.push(error) },
    );

    for (const batch of [fetched(0, 2), damaged, fetched(3, 1)]) worker.add(batch);
    await eventually('it has failed', () => failures.length > 0);
    worker.add(fetched(4, 1));
    await turn();

    expect(failures).toMatchObject([{ code: 'MR_PROTOCOL_CORRUPT' }]);
    expect(seen).toEqual([0, 1]);
    expect(worker.committable).toBe(2);
  });

  it('hands over no more than maxUnacknowledged records, in batches too', async () => {
    const batches: number[][] = [];
    const worker = workerOf(
      { batch: true, ack: 'manual', maxUnacknowledged: 4, maxBatchRecords: 3 },
      async (records) => void batches.push(records.map(({ offset }) => offset)),
    );

    worker.add(fetched(0, 10));
    await eventually('it has handed over what it may', () => batches.flat().length >= 4);
    await turn();
    expect(batches).toEqual([[0, 1, 2], [3]]);

    for (const offset of [0, 2]) worker.settle(offset);
    await eventually('as many as were acknowledged follow', () => batches.length === 3);
    await turn();
    expect(batches[2]).toEqual([4, 5]);
    expect(worker.unsettled).toBe(4);
  });

  it('hands over no more than maxUnacknowledged records of a key', async () => {
    const seen: number[] = [];
    const worker = workerOf(
      { order: 'key', ack: 'manual', maxUnacknowledged: 2 },
      async (records) => void seen.push(...records.map(({ offset }) => offset)),
    );

    worker.add(fetched(0, 6));
    await eventually('it has handed over what it may', () => seen.length >= 2);
    await turn();
    expect(seen).toEqual([0, 1]);

    worker.settle(1);
    await eventually('the next one follows', () => seen.length === 3);
    await turn();
    expect(seen).toEqual([0, 1, 2]);
  });
});
