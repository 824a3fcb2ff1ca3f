import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@millrace/testing';
import { apis, errorName, type RequestDraftOf } from '@millrace/protocol';
import type { WireClient } from '../wire-client.js';
import { coordinatorsReady, createdTopic, fresh, type BrokerUnderTest, type StartBroker } from './broker-under-test.js';

type TopicDraft = RequestDraftOf<typeof apis.CreateTopics>['topics'][number];

const NO_ID = '0'.repeat(32);

export function describeTopics(broker: string, start: StartBroker): void {
  describe(`topics of ${broker}`, () => {
    let running: BrokerUnderTest;
    let client: WireClient;

    beforeAll(async () => {
      running = await start();
      client = await running.connect();
      await coordinatorsReady(client);
    });
    afterAll(() => running.stop());

    const create = async (draft: Partial<TopicDraft>, validateOnly = true): Promise<string> => {
      const topic = {
        name: fresh('topic'),
        numPartitions: 1,
        replicationFactor: 1,
        assignments: [],
        configs: [],
        ...draft,
      };
      const { topics } = await client.call(apis.CreateTopics, 7, { topics: [topic], validateOnly });
      const { errorCode, numPartitions } = topics[0]!;
      return errorCode === 0 ? `${numPartitions} partitions` : errorName(errorCode);
    };
    const automatic = { numPartitions: -1, replicationFactor: -1 };

    it('are created as asked, or with defaults', async () => {
      expect(await create({ numPartitions: 3 })).toBe('3 partitions');
      expect(await create(automatic)).toBe('1 partitions');
      expect(await create({ ...automatic, assignments: [{ partitionIndex: 0, brokerIds: [1] }] })).toBe('1 partitions');
    });

    it('are refused for what is wrong with them', async () => {
      const existing = await createdTopic(client);
      expect(await create({ name: existing })).toBe('TOPIC_ALREADY_EXISTS');
      expect(await create({ name: 'a b' })).toBe('INVALID_TOPIC_EXCEPTION');
      expect(await create({ name: '..' })).toBe('INVALID_TOPIC_EXCEPTION');
      expect(await create({ numPartitions: 0 })).toBe('INVALID_PARTITIONS');
      expect(await create({ replicationFactor: 3 })).toBe('INVALID_REPLICATION_FACTOR');
      expect(await create({ configs: [{ name: 'no.such', value: '1' }] })).toBe('INVALID_CONFIG');
      expect(await create({ configs: [{ name: 'retention.ms', value: 'soon' }] })).toBe('INVALID_CONFIG');
      expect(await create({ configs: [{ name: 'retention.ms', value: null }] })).toBe('INVALID_CONFIG');
      expect(await create({ assignments: [{ partitionIndex: 0, brokerIds: [1] }] })).toBe('INVALID_REQUEST');
      expect(await create({ ...automatic, assignments: [{ partitionIndex: 0, brokerIds: [7] }] })).toBe(
        'INVALID_REPLICA_ASSIGNMENT',
      );
      expect(await create({ ...automatic, assignments: [{ partitionIndex: 1, brokerIds: [1] }] })).toBe(
        'INVALID_REPLICA_ASSIGNMENT',
      );
    });

    it('collide when they differ only in dots and underscores', async () => {
      const name = fresh('a.b');
      expect(await create({ name }, false)).toBe('1 partitions');
      await eventually('the topic is known', async () => (await create({ name })) === 'TOPIC_ALREADY_EXISTS');
      expect(await create({ name: name.replace('.', '_') })).toBe('INVALID_TOPIC_EXCEPTION');
    });

    it('show their settings, own ones and defaults', async () => {
      const name = await createdTopic(client, { configs: { 'cleanup.policy': 'compact', 'retention.ms': '1000' } });
      const configurationKeys = ['cleanup.policy', 'max.message.bytes', 'retention.ms', 'no.such'];
      const resources = [
        { resourceType: 2, resourceName: name, configurationKeys },
        { resourceType: 2, resourceName: 'nowhere', configurationKeys: null },
      ];
      const { results } = await client.call(apis.DescribeConfigs, 4, { resources });
      const shown = results[0]!.configs.map((each) => `${each.name}=${each.value} from ${each.configSource}`).sort();
      expect(shown).toEqual([
        'cleanup.policy=compact from 1',
        'max.message.bytes=1048588 from 5',
        'retention.ms=1000 from 1',
      ]);
      expect(errorName(results[1]!.errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    });

    it('are unknown until they are created', async () => {
      const { topics } = await client.call(apis.Metadata, 12, {
        topics: [{ name: 'nowhere' }, { name: 'a b' }],
        allowAutoTopicCreation: false,
      });
      expect(topics.map((each) => errorName(each.errorCode)).sort()).toEqual([
        'INVALID_TOPIC_EXCEPTION',
        'UNKNOWN_TOPIC_OR_PARTITION',
      ]);
      const byId = await client.call(apis.Metadata, 12, { topics: [{ topicId: 'a'.repeat(32), name: null }] });
      expect(errorName(byId.topics[0]!.errorCode)).toBe('UNKNOWN_TOPIC_ID');
    });

    it('are deleted with the offsets that groups committed for them', async () => {
      const name = await createdTopic(client);
      const groupId = fresh('group');
      const offsetOf = async (): Promise<number> => {
        const groups = [{ groupId, topics: [{ name, partitionIndexes: [0] }] }];
        return (await client.call(apis.OffsetFetch, 8, { groups })).groups[0]!.topics[0]!.partitions[0]!
          .committedOffset;
      };
      await eventually('the offset is committed', async () => {
        const partitions = [{ partitionIndex: 0, committedOffset: 3, committedMetadata: null }];
        await client.call(apis.OffsetCommit, 8, { groupId, memberId: '', topics: [{ name, partitions }] });
        return (await offsetOf()) === 3;
      });
      const topics = [
        { name, topicId: NO_ID },
        { name: 'nowhere', topicId: NO_ID },
        { name: null, topicId: 'a'.repeat(32) },
      ];
      const { responses } = await client.call(apis.DeleteTopics, 6, { timeoutMs: 5000, topics });
      expect(responses.map((each) => errorName(each.errorCode)).sort()).toEqual([
        'NONE',
        'UNKNOWN_TOPIC_ID',
        'UNKNOWN_TOPIC_OR_PARTITION',
      ]);
      await eventually('the offset is gone', async () => (await offsetOf()) === -1);
    });
  });
}
