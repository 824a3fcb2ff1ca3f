import { describe, expect, it } from '@jest/globals';
import { Admin, type Cluster, type Producer } from '../../src/index.js';
import { RecordBatchBuilder } from '@millrace/protocol';
import { SeededRandom, nextInt } from '@millrace/kernel';
import { batchOf, eventually, valuesOf, type ContractSession } from './contract-session.js';

let idCount = 0;

/** What readers with `read_committed` see, whatever way transactions lie in the log. */
export function describeIsolation(session: () => ContractSession): void {
  const transactional = (cluster: Cluster): Promise<Producer> =>
    session().producer(cluster, { transactionalId: `contract-isolation-${process.pid}-${++idCount}` });
  const stable = (cluster: Cluster, topic: string): Promise<void> =>
    eventually('no transaction is open', async () => {
      const [committed, written] = await new Admin(cluster).listOffsets([
        { topic, partition: 0, at: 'latest', isolation: 'read_committed' },
        { topic, partition: 0, at: 'latest', isolation: 'read_uncommitted' },
      ]);
      return committed?.offset === written?.offset;
    });

  describe('read_committed', () => {
    it('never shows aborted data that is larger than a fetch', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);
      const producer = await transactional(cluster);
      for (const [value, commits] of [
        ['first', true],
        ['x'.repeat(20_000), false],
        ['last', true],
      ] as const) {
        producer.beginTransaction();
        for (let count = 0; count < (commits ? 1 : 10); count++) await producer.send(topic, 0, batchOf(value));
        await (commits ? producer.commitTransaction() : producer.abortTransaction());
      }
      await stable(cluster, topic);

      const seen = await session().read(cluster, topic, { partitionMaxBytes: 25_000, maxBytes: 25_000 });

      expect(valuesOf(seen)).toEqual(['first', 'last']);
    });

    it('never shows aborted data to a reader that begins in the middle of interleaved transactions', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);
      const [left, right, plain] = await Promise.all([
        transactional(cluster),
        transactional(cluster),
        session().producer(cluster),
      ]);
      left.beginTransaction();
      right.beginTransaction();
      await left.send(topic, 0, batchOf('left aborted'));
      await right.send(topic, 0, batchOf('right aborted'));
      await plain.send(topic, 0, batchOf('plain'));
      await left.send(topic, 0, batchOf('left aborted'));
      await right.send(topic, 0, batchOf('right aborted'));
      await left.abortTransaction();
      await right.abortTransaction();
      // Its coordinator answers before the marker is written, and the offsets below count on its place.
      await stable(cluster, topic);
      left.beginTransaction();
      await left.send(topic, 0, batchOf('left committed'));
      await left.commitTransaction();
      await stable(cluster, topic);

      for (let fromOffset = 0; fromOffset <= 9; fromOffset++) {
        const expected = [...(fromOffset <= 2 ? ['plain'] : []), ...(fromOffset <= 7 ? ['left committed'] : [])];
        const seen = await session().read(cluster, topic, { fromOffset, partitionMaxBytes: 1, maxBytes: 1 });
        expect({ fromOffset, values: valuesOf(seen) }).toEqual({ fromOffset, values: expected });
      }
    });

    it('does not take a record for the end of a transaction because of its key', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);
      const producer = await transactional(cluster);
      const lookalike = new RecordBatchBuilder();
      lookalike.append(0, Buffer.alloc(4), Buffer.from('looks like an abort marker'));
      producer.beginTransaction();
      await producer.send(topic, 0, lookalike);
      await producer.send(topic, 0, batchOf('aborted'));
      await producer.abortTransaction();
      await stable(cluster, topic);

      expect(await session().read(cluster, topic)).toEqual([]);
    });

    it('shows exactly the committed records of many interleaved producers', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);
      const random = new SeededRandom(4711);
      const producers = await Promise.all(Array.from({ length: 4 }, () => transactional(cluster)));
      const open = new Map<Producer, string[]>();
      const committed: string[] = [];
      for (let step = 0; step < 150; step++) {
        const producer = producers[nextInt(random, producers.length)] as Producer;
        const values = open.get(producer);
        if (values === undefined) {
          producer.beginTransaction();
          open.set(producer, []);
        } else if (random.next() < 0.6) {
          values.push(`${step}`);
          await producer.send(topic, 0, batchOf(`${step}`, 'x'.repeat(nextInt(random, 3_000))));
        } else {
          open.delete(producer);
          const commits = random.next() < 0.5;
          if (commits) committed.push(...values);
          await (commits ? producer.commitTransaction() : producer.abortTransaction());
        }
      }
      for (const producer of open.keys()) await producer.abortTransaction();
      await stable(cluster, topic);

      for (const partitionMaxBytes of [1, 4_000, 1_000_000]) {
        const seen = await session().read(cluster, topic, { partitionMaxBytes, maxBytes: partitionMaxBytes });
        const values = valuesOf(seen).filter((value) => !value?.startsWith('x') && value !== '');
        expect(values.sort()).toEqual(committed.toSorted());
      }
      expect(committed.length).toBeGreaterThan(10);
    });

    it('stops before the first open transaction, and goes on when it has ended', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);
      const [open, other] = await Promise.all([transactional(cluster), session().producer(cluster)]);
      await other.send(topic, 0, batchOf('before'));
      open.beginTransaction();
      await open.send(topic, 0, batchOf('open'));
      await other.send(topic, 0, batchOf('behind'));

      expect(valuesOf(await session().read(cluster, topic))).toEqual(['before']);
      await open.commitTransaction();
      await stable(cluster, topic);

      expect(valuesOf(await session().read(cluster, topic))).toEqual(['before', 'open', 'behind']);
    });
  });
}
