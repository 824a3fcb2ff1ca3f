import { describe, expect, it } from '@jest/globals';
import { Admin } from '../../src/index.js';
import { batchOf, eventually, type ContractSession } from './contract-session.js';

/** Topics, their configuration, and offsets. */
export function describeAdmin(session: () => ContractSession): void {
  describe('administration', () => {
    it('creates topics, reports those that exist, lists and deletes them', async () => {
      const { cluster } = await session().cluster();
      const admin = new Admin(cluster);
      const existing = await session().topic(cluster);
      const fresh = `${existing}-fresh`;

      const created = await admin.createTopics([
        { name: existing, partitions: 1 },
        { name: fresh, partitions: 3 },
      ]);

      expect(created).toEqual([
        { name: existing, result: 'exists' },
        { name: fresh, result: 'created' },
      ]);
      expect(await cluster.partitionCount(fresh)).toBe(3);
      // Each broker learns of a topic by itself; any of them may be asked.
      await eventually('the topics are listed', async () => {
        const listed = await admin.listTopics();
        return listed.includes(existing) && listed.includes(fresh);
      });

      await admin.deleteTopics([fresh, `${fresh}-that-never-was`]);
      await eventually('the topic is gone', async () => !(await admin.listTopics()).includes(fresh));
    });

    it('describes the configuration of a topic, defaults included', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster, {
        configs: { 'cleanup.policy': 'compact', 'max.message.bytes': '4096' },
      });

      const configs = (await new Admin(cluster).describeTopicConfigs([topic])).get(topic);

      expect(configs?.get('cleanup.policy')).toBe('compact');
      expect(configs?.get('max.message.bytes')).toBe('4096');
      expect(configs?.get('message.timestamp.type')).toBe('CreateTime');
    });

    it('refuses a topic with a wrong name or a wrong configuration', async () => {
      const { cluster } = await session().cluster();
      const admin = new Admin(cluster);
      const refused = { code: 'MR_BROKER_REFUSED', disposition: 'stop-app' };

      await expect(admin.createTopics([{ name: 'no spaces please', partitions: 1 }])).rejects.toMatchObject(refused);
      const configs = { 'cleanup.policy': 'burn' };
      await expect(admin.createTopics([{ name: 'contract-burnt', partitions: 1, configs }])).rejects.toMatchObject(
        refused,
      );
      await expect(admin.createTopics([{ name: 'contract-empty', partitions: 0 }])).rejects.toMatchObject(refused);
    });

    it('finds the first, the last and a timestamp’s offset, several for one partition at once', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster, { partitions: 2 });
      const producer = await session().producer(cluster);
      const batch = batchOf();
      for (const timestampMs of [1_000, 2_000, 3_000]) batch.append(timestampMs, null, Buffer.from('x'));
      await producer.send(topic, 0, batch);

      const at = ['earliest', 'latest', { timestampMs: 1_500 }, { timestampMs: 9_000 }] as const;
      const offsets = await new Admin(cluster).listOffsets([
        ...at.map((each) => ({ topic, partition: 0, at: each })),
        { topic, partition: 1, at: 'latest' },
      ]);

      expect(offsets.map(({ offset }) => offset)).toEqual([0, 3, 1, -1, 0]);
      expect(offsets[2]?.timestampMs).toBe(2_000);
    });

    it('deletes records before an offset, and says what it cannot delete', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster, { partitions: 2 });
      const compacted = await session().topic(cluster, { configs: { 'cleanup.policy': 'compact' } });
      const producer = await session().producer(cluster);
      for (const partition of [0, 1]) {
        const batch = batchOf();
        for (const value of ['a', 'b', 'c']) batch.append(1_000, Buffer.from('key'), Buffer.from(value));
        await producer.send(topic, partition, batch);
      }
      const admin = new Admin(cluster);

      await admin.deleteRecords([
        { topic, partition: 0, beforeOffset: 2 },
        { topic, partition: 1, beforeOffset: 3 },
      ]);

      const ends = await admin.listOffsets(
        [0, 1].flatMap((partition) => (['earliest', 'latest'] as const).map((at) => ({ topic, partition, at }))),
      );
      expect(ends.map(({ offset }) => offset)).toEqual([2, 3, 3, 3]);
      await expect(admin.deleteRecords([{ topic, partition: 0, beforeOffset: 9 }])).rejects.toMatchObject({
        code: 'MR_OFFSET_OUT_OF_RANGE',
      });
      await expect(admin.deleteRecords([{ topic: compacted, partition: 0, beforeOffset: 0 }])).rejects.toMatchObject({
        code: 'MR_BROKER_REFUSED',
        message: expect.stringContaining('POLICY_VIOLATION') as unknown,
      });
    });

    it('knows no offsets of a group that has committed none', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);

      const committed = await new Admin(cluster).committedOffsets(`${topic}-group`, [{ topic, partition: 0 }]);

      expect(committed).toEqual([{ topic, partition: 0, offset: undefined, leaderEpoch: -1, metadata: '' }]);
    });

    it('says that a topic does not exist', async () => {
      const { cluster } = await session().cluster({ requestTimeoutMs: 2_000 });

      await expect(cluster.partitionCount('contract-nowhere')).rejects.toMatchObject({
        code: 'MR_BROKER_REFUSED',
        disposition: 'stop-app',
        message: expect.stringContaining("'contract-nowhere' does not exist") as unknown,
      });
    });
  });
}
