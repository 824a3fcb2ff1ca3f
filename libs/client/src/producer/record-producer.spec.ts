import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { VirtualCluster } from '../../test/virtual-cluster.js';
import { Admin } from '../admin/admin.js';
import type { Cluster } from '../cluster/cluster.js';
import { RecordProducer } from './record-producer.js';

let virtual: VirtualCluster;
let cluster: Cluster;

beforeEach(async () => {
  ({ virtual, cluster } = await VirtualCluster.open());
});
afterEach(() => virtual.stop());

const value = Buffer.alloc(100);

describe('RecordProducer', () => {
  it('lets a record wait for others, but not longer than lingerMs', async () => {
    await virtual.topic(cluster);
    const producer = await virtual.start(new RecordProducer(cluster, { lingerMs: 40 }));
    const begunMs = virtual.clock.nowMs();
    const sent = Array.from({ length: 50 }, () => producer.sendAndWait('orders', null, value));
    await virtual.settle();
    expect(virtual.answered.get('Produce')).toBeUndefined();

    const places = await virtual.run(Promise.all(sent));

    expect(virtual.clock.nowMs() - begunMs).toBe(40);
    expect(virtual.answered.get('Produce')).toBe(1);
    expect(places.map(({ offset }) => offset)).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  it('sends a batch that is full at once', async () => {
    await virtual.topic(cluster);
    const producer = await virtual.start(new RecordProducer(cluster, { lingerMs: 60_000, batchBytes: 1_000 }));

    for (let count = 0; count < 30; count++) producer.send('orders', null, value);
    await virtual.settle();

    expect(virtual.answered.get('Produce')).toBeGreaterThanOrEqual(2);
  });

  it('spreads records without key over the partitions, batch by batch', async () => {
    await virtual.topic(cluster, 8);
    const producer = await virtual.start(new RecordProducer(cluster, { lingerMs: 60_000, batchBytes: 1_000 }));

    const sent = Array.from({ length: 200 }, () => producer.sendAndWait('orders', null, value));
    await virtual.run(producer.flush());

    const partitions = (await Promise.all(sent)).map(({ partition }) => partition);
    const changes = partitions.filter((partition, index) => index > 0 && partition !== partitions[index - 1]).length;
    expect(new Set(partitions).size).toBeGreaterThan(3);
    expect(changes).toBeLessThan(40);
  });

  it('refuses a record that fits in no request, and keeps the others', async () => {
    await virtual.topic(cluster);
    const producer = await virtual.start(new RecordProducer(cluster));

    expect(() => producer.send('orders', null, Buffer.alloc(1_000_001))).toThrow(
      expect.objectContaining({ code: 'MR_RECORD_TOO_LARGE', disposition: 'dead-letter' }),
    );
    const sent = producer.sendAndWait('orders', null, value);

    expect(await virtual.run(sent)).toMatchObject({ offset: 0 });
  });

  it.each([5_000_000_000, 2 ** 32 - 2, 2 ** 31, -1, 1.5, NaN])(
    'refuses %d at once as a partition, and keeps the others',
    async (partition) => {
      await virtual.topic(cluster);
      const producer = await virtual.start(new RecordProducer(cluster));
      const refused = expect.objectContaining({
        code: 'MR_RECORD_REJECTED',
        disposition: 'dead-letter',
        message: expect.stringContaining(`topic 'orders' has no partition ${partition}`),
      });

      expect(() => producer.send('orders', null, value, { partition })).toThrow(refused);
      await expect(producer.sendAndWait('orders', null, value, { partition })).rejects.toEqual(refused);
      const sent = producer.sendAndWait('orders', null, value);

      expect(await virtual.run(sent)).toMatchObject({ offset: 0 });
      await virtual.run(producer.flush());
    },
  );

  it('refuses a partition that the topic has not, whether it knew the topic or not, and keeps the others', async () => {
    await virtual.topic(cluster, 2);
    const producer = await virtual.start(new RecordProducer(cluster));
    const send = (partition: number) => producer.sendAndWait('orders', null, value, { partition });
    const refused = {
      code: 'MR_RECORD_REJECTED',
      disposition: 'dead-letter',
      message: expect.stringMatching(/'orders' has no partition 2 \(it has 2, from 0\): name one that it has/),
      place: { topic: 'orders', partition: 2 },
    };

    for (const round of [0, 1]) {
      const [bad, good] = await virtual.run(Promise.allSettled([send(2), send(1)]));
      expect(bad).toMatchObject({ status: 'rejected', reason: refused });
      expect(good).toMatchObject({ status: 'fulfilled', value: { partition: 1, offset: round } });
    }

    await expect(virtual.run(producer.flush())).rejects.toMatchObject(refused);
    producer.send('orders', null, value, { partition: 2 });
    await expect(virtual.run(producer.flush())).rejects.toMatchObject(refused);
    expect(producer.bufferedBytes).toBe(0);
  });

  it('finds a partition that the topic has got since it was looked at', async () => {
    await virtual.topic(cluster);
    const producer = await virtual.start(new RecordProducer(cluster));
    await virtual.run(producer.sendAndWait('orders', null, value));
    const other = await virtual.cluster();
    await virtual.run(new Admin(other).deleteTopics(['orders']));
    await virtual.topic(other, 3);

    const sent = producer.sendAndWait('orders', null, value, { partition: 2 });

    expect(await virtual.run(sent)).toMatchObject({ partition: 2, offset: 0 });
  });

  it('gives its memory back', async () => {
    await virtual.topic(cluster);
    const producer = await virtual.start(new RecordProducer(cluster));
    for (let count = 0; count < 100; count++) producer.send('orders', Buffer.from(`${count}`), value);
    expect(producer.bufferedBytes).toBeGreaterThan(10_000);

    await virtual.run(producer.flush());

    expect(producer.bufferedBytes).toBe(0);
  });

  it('keeps records of a topic that it does not know yet, in their order', async () => {
    const other = await virtual.cluster();
    await virtual.topic(other);
    const producer = await virtual.start(new RecordProducer(cluster));

    const sent = [1, 2, 3].map(() => producer.sendAndWait('orders', null, value));

    expect((await virtual.run(Promise.all(sent))).map(({ offset }) => offset)).toEqual([0, 1, 2]);
  });

  it('lets no later record overtake those that waited for their topic to be known', async () => {
    const other = await virtual.cluster();
    await virtual.topic(other);
    const producer = await virtual.start(new RecordProducer(cluster));
    // Whoever asks for the topic first knows it before the producer does.
    const asked = cluster.metadata(['orders']);
    const sent = [producer.sendAndWait('orders', null, value), producer.sendAndWait('orders', null, value)];
    await virtual.run(asked.then(() => sent.push(producer.sendAndWait('orders', null, value))));

    expect((await virtual.run(Promise.all(sent))).map(({ offset }) => offset)).toEqual([0, 1, 2]);
  });

  it.each([0.5, NaN, Infinity])(
    'refuses a record with the timestamp %d at once, and keeps the others, whether it knows the topic or not',
    async (timestampMs) => {
      const other = await virtual.cluster();
      await virtual.topic(other);
      const producer = await virtual.start(new RecordProducer(cluster));
      const refused = expect.objectContaining({ code: 'MR_RECORD_REJECTED', disposition: 'dead-letter' });

      for (const round of [0, 1]) {
        const sent = producer.sendAndWait('orders', null, value);
        expect(() => producer.send('orders', null, value, { timestampMs })).toThrow(refused);
        const later = producer.sendAndWait('orders', null, value);
        expect(await virtual.run(Promise.all([sent, later]))).toMatchObject([
          { offset: 2 * round },
          { offset: 2 * round + 1 },
        ]);
      }
      expect(producer.bufferedBytes).toBe(0);
    },
  );
});
