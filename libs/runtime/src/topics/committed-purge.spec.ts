import { describe, expect, it } from '@jest/globals';
import type { OffsetToCommit, RecordsToDelete } from '@millrace/client';
import { ManualClock, TransientError } from '@millrace/kernel';

import { CommittedPurge } from './committed-purge.js';

const own = 'app-by-origin-repartition';

function purge(deleteRecords: (places: readonly RecordsToDelete[]) => Promise<void>) {
  const clock = new ManualClock();
  const failures: unknown[] = [];
  const made = new CommittedPurge({
    clock,
    intervalMs: 30_000,
    isOwn: (topic) => topic === own,
    deleteRecords,
    failed: (error) => failures.push(error),
  });
  return { clock, made, failures };
}

function at(offset: number, topic = own, partition = 0): OffsetToCommit {
  return { topic, partition, offset };
}

const settled = (): Promise<void> => new Promise((done) => setImmediate(done));

describe('what was committed of internal topics', () => {
  it('is asked to be deleted once an interval, up to the last commit, and nothing of topics of others', async () => {
    const asked: (readonly RecordsToDelete[])[] = [];
    const { clock, made } = purge((places) => Promise.resolve(void asked.push(places)));
    made.committed([at(5), at(9, 'flights')]);
    expect(asked).toEqual([]);
    clock.advance(30_000);
    made.committed([at(7), at(3, own, 1)]);
    await settled();
    made.committed([at(8)]);
    clock.advance(30_000);
    made.committed([at(11)]);

    expect(asked).toEqual([
      [
        { topic: own, partition: 0, beforeOffset: 7 },
        { topic: own, partition: 1, beforeOffset: 3 },
      ],
      [{ topic: own, partition: 0, beforeOffset: 11 }],
    ]);
  });

  it('is asked for again with the next request when the brokers refuse, which is told', async () => {
    const refusal = new TransientError('MR_BROKER_UNAVAILABLE', 'away');
    const asked: (readonly RecordsToDelete[])[] = [];
    const { clock, made, failures } = purge((places) => {
      asked.push(places);
      return asked.length === 1 ? Promise.reject(refusal) : Promise.resolve();
    });
    clock.advance(30_000);
    made.committed([at(7), at(3, own, 1)]);
    await settled();
    clock.advance(30_000);
    made.committed([at(9)]);

    expect(failures).toEqual([refusal]);
    expect(asked[1]).toEqual([
      { topic: own, partition: 0, beforeOffset: 9 },
      { topic: own, partition: 1, beforeOffset: 3 },
    ]);
  });

  it('is neither asked for nor told of after the stop', async () => {
    let fail: (error: Error) => void = () => undefined;
    const { clock, made, failures } = purge(() => new Promise((_done, reject) => (fail = reject)));
    clock.advance(30_000);
    made.committed([at(7)]);
    made.stop();
    fail(new Error('the connection was cut'));
    await settled();

    expect(failures).toEqual([]);
  });
});
