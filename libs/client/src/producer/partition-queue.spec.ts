import { describe, expect, it } from '@jest/globals';
import { RecordBatchBuilder, incrementSequence } from '@millrace/protocol';
import fc from 'fast-check';
import { PartitionQueue } from './partition-queue.js';
import { PendingBatch } from './pending-batch.js';

const IDENTITY = { producerId: 7, epoch: 0 };
const MAX_IN_FLIGHT = 5;

function queueOf(firstGoesAlone = false): PartitionQueue {
  return new PartitionQueue('orders', 0, IDENTITY, firstGoesAlone);
}

function add(queue: PartitionQueue, recordCount = 1): PendingBatch {
  const builder = new RecordBatchBuilder();
  for (let index = 0; index < recordCount; index++) builder.append(index, null, null);
  const stamp = { identity: queue.identity, sequence: queue.nextSequence };
  const records = builder.build({ producerId: 7, producerEpoch: 0, baseSequence: stamp.sequence });
  const batch = new PendingBatch('orders', 0, { records, memory: undefined, recordCount }, stamp, 0);
  queue.add(batch);
  return batch;
}

function sendAll(queue: PartitionQueue): PendingBatch[] {
  const sent: PendingBatch[] = [];
  for (let next = queue.sendable(MAX_IN_FLIGHT); next !== undefined; next = queue.sendable(MAX_IN_FLIGHT)) {
    queue.sent(next);
    sent.push(next);
  }
  return sent;
}

describe('PartitionQueue', () => {
  it('numbers batches without gap and sends up to five of them ahead', () => {
    const queue = queueOf();
    const batches = [3, 1, 2, 1, 1, 4, 1].map((count) => add(queue, count));

    expect(batches.map(({ sequence }) => sequence)).toEqual([0, 3, 4, 6, 7, 8, 12]);
    expect(sendAll(queue)).toEqual(batches.slice(0, 5));
    queue.acknowledged(batches[0] as PendingBatch);
    expect(sendAll(queue)).toEqual([batches[5]]);
  });

  it('sends the first batch alone where brokers accept any sequence number from a stranger', () => {
    const queue = queueOf(true);
    const [first, second, third] = [add(queue), add(queue), add(queue)];

    expect(sendAll(queue)).toEqual([first]);
    queue.acknowledged(first);
    expect(sendAll(queue)).toEqual([second, third]);

    queue.settle(second);
    queue.settle(third);
    queue.restart({ producerId: 7, epoch: 1 });
    const [fourth] = [add(queue), add(queue)];
    expect(sendAll(queue)).toEqual([fourth]);
  });

  it('repeats one after the other, oldest first, before it sends ahead again', () => {
    const queue = queueOf();
    const batches = Array.from({ length: 7 }, () => add(queue));
    sendAll(queue);

    for (const index of [2, 0, 1, 4, 3]) queue.putBack(batches[index] as PendingBatch);

    for (let index = 0; index < 5; index++) {
      expect(sendAll(queue)).toEqual([batches[index]]);
      queue.acknowledged(batches[index] as PendingBatch);
    }
    expect(sendAll(queue)).toEqual([batches[5], batches[6]]);
  });

  it('knows whether something older is still on its way', () => {
    const queue = queueOf();
    const [first, second] = [add(queue), add(queue)];
    sendAll(queue);

    expect(queue.hasOlder(second)).toBe(true);
    queue.putBack(first);
    expect(queue.hasOlder(second)).toBe(true);
    queue.settle(first);
    expect(queue.hasOlder(second)).toBe(false);
  });

  it('closes the gap of a batch that never reached the log', () => {
    const queue = queueOf();
    const [first, gone, third, fourth] = [add(queue, 2), add(queue, 5), add(queue, 1), add(queue, 1)];
    sendAll(queue);

    queue.closeGap(gone);
    queue.settle(gone);

    expect([first, third, fourth].map(({ sequence }) => sequence)).toEqual([0, 2, 3]);
    expect(queue.nextSequence).toBe(4);
    expect([first, third, fourth].map(({ isRestamped }) => isRestamped)).toEqual([false, true, true]);
  });

  it('waits for what is in flight before it starts again under another identity', () => {
    const queue = queueOf();
    const [first, second, third] = [add(queue), add(queue, 4), add(queue)];
    queue.sent(first);
    queue.blocked = true;
    const renewed = { producerId: 7, epoch: 1 };

    queue.renew(renewed);
    expect(queue.identity).toBe(IDENTITY);
    queue.settle(first);

    expect(queue.identity).toBe(renewed);
    expect([second, third].map(({ sequence, identity }) => [sequence, identity.epoch])).toEqual([
      [0, 1],
      [4, 1],
    ]);
    expect(sendAll(queue)).toEqual([second, third]);
  });

  it('keeps its sequence numbers without gap, also across 2^31, whatever is refused on the way', () => {
    const counts = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(counts, fc.array(fc.nat(11), { maxLength: 4 }), fc.nat(8), (recordCounts, refused, beforeWrap) => {
        const queue = queueOf();
        const start = 0x7fff_ffff - beforeWrap;
        const head = { recordCount: start } as PendingBatch;
        queue.add(Object.assign(head, { sequence: 0, attempts: 0 }));
        queue.settle(head);
        const batches = recordCounts.map((count) => add(queue, count));

        for (const index of new Set(refused)) {
          const gone = batches[index];
          if (gone === undefined) continue;
          queue.closeGap(gone);
          queue.settle(gone);
          gone.isSettled = true;
        }

        let expected = start;
        for (const batch of batches.filter(({ isSettled }) => !isSettled)) {
          expect(batch.sequence).toBe(expected);
          expected = incrementSequence(expected, batch.recordCount);
        }
        expect(queue.nextSequence).toBe(expected);
      }),
    );
  });
});
