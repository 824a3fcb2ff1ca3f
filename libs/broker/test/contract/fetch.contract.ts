import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apis, errorName } from '@millrace/protocol';
import { batchOf, type WireClient } from '../wire-client.js';
import { coordinatorsReady, createdTopic, type BrokerUnderTest, type StartBroker } from './broker-under-test.js';
import { valuesOf } from './produce.contract.js';

export function describeFetching(broker: string, start: StartBroker): void {
  describe(`fetching from ${broker}`, () => {
    let running: BrokerUnderTest;
    let client: WireClient;
    let topic: string;

    beforeAll(async () => {
      running = await start();
      client = await running.connect();
      await coordinatorsReady(client);
      topic = await createdTopic(client, { partitions: 2 });
      for (const values of [['a', 'b'], ['c'], ['d', 'e']]) await client.produce(topic, 0, batchOf(values));
    });
    afterAll(() => running.stop());

    it('returns the batch that holds the offset, and those after it', async () => {
      expect(valuesOf((await client.fetch(topic, 0, 1)).records!)).toEqual(['a', 'b', 'c', 'd', 'e']);
      expect(valuesOf((await client.fetch(topic, 0, 2)).records!)).toEqual(['c', 'd', 'e']);
      expect((await client.fetch(topic, 0, 5)).records).toHaveLength(0);
    });

    it('returns one batch even when it is larger than the limits', async () => {
      const { records } = await client.fetch(topic, 0, 0, { maxBytes: 1, partitionMaxBytes: 1 });
      expect(valuesOf(records!).slice(0, 2)).toEqual(['a', 'b']);
    });

    it('refuses offsets outside of the log', async () => {
      const beyond = await client.fetch(topic, 0, 99);
      expect(errorName(beyond.errorCode)).toBe('OFFSET_OUT_OF_RANGE');
      expect([beyond.highWatermark, beyond.lastStableOffset, beyond.logStartOffset]).toEqual([-1, -1, -1]);
      expect(errorName((await client.fetch(topic, 0, -1)).errorCode)).toBe('OFFSET_OUT_OF_RANGE');
      expect(errorName((await client.fetch(topic, 9, 0)).errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
      expect(errorName((await client.fetch('nowhere', 0, 0)).errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    });

    it('waits until there is something to return', async () => {
      const producer = await running.connect();
      const waiting = client.fetch(topic, 1, 0, { maxWaitMs: 20_000 });
      await producer.produce(topic, 1, batchOf(['late']));
      expect(valuesOf((await waiting).records!)).toEqual(['late']);
      producer.close();
    });

    it('returns with nothing when the wait is over', async () => {
      const { errorCode, records } = await client.fetch(topic, 0, 5, { maxWaitMs: 30 });
      expect([errorCode, records!.length]).toEqual([0, 0]);
    });

    it('takes topics by id', async () => {
      const { topics } = await client.call(apis.Metadata, 12, { topics: [{ name: topic }] });
      const byId = async (topicId: string, partition = 0): Promise<string> => {
        const partitions = [{ partition, fetchOffset: 0, partitionMaxBytes: 1000 }];
        const body = { maxWaitMs: 0, minBytes: 1, topics: [{ topicId, partitions }], forgottenTopicsData: [] };
        const { responses } = await client.call(apis.Fetch, 13, body);
        return errorName(responses[0]!.partitions[0]!.errorCode);
      };
      expect(await byId(topics[0]!.topicId)).toBe('NONE');
      expect(await byId(topics[0]!.topicId, 9)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
      expect(await byId('a'.repeat(32))).toBe('UNKNOWN_TOPIC_ID');
    });

    it('refuses a fetch session that it does not keep, and leader epochs that it has not reached', async () => {
      const session = {
        maxWaitMs: 0,
        minBytes: 1,
        sessionId: 77,
        sessionEpoch: 3,
        topics: [],
        forgottenTopicsData: [],
      };
      expect(errorName((await client.call(apis.Fetch, 12, session)).errorCode)).toBe('FETCH_SESSION_ID_NOT_FOUND');
      const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1, currentLeaderEpoch: 9 }];
      const body = { maxWaitMs: 0, minBytes: 1, topics: [{ topic, partitions }], forgottenTopicsData: [] };
      const { responses } = await client.call(apis.Fetch, 12, body);
      expect(errorName(responses[0]!.partitions[0]!.errorCode)).toBe('UNKNOWN_LEADER_EPOCH');
    });

    it('begins where records were deleted up to, and nowhere before', async () => {
      const purged = await createdTopic(client);
      await client.produce(purged, 0, batchOf(['a', 'b'], {}, 1000));
      await client.produce(purged, 0, batchOf(['c', 'd'], {}, 3000));
      const ask = async (name: string, partitionIndex: number, offset: number): Promise<string> => {
        const topics = [{ name, partitions: [{ partitionIndex, offset }] }];
        const answer = await client.call(apis.DeleteRecords, 2, { topics, timeoutMs: 5000 });
        const { errorCode, lowWatermark } = answer.topics[0]!.partitions[0]!;
        return errorCode === 0 ? `from ${lowWatermark}` : `${errorName(errorCode)} ${lowWatermark}`;
      };
      const find = async (timestamp: number): Promise<number> => {
        const topics = [{ name: purged, partitions: [{ partitionIndex: 0, timestamp }] }];
        return (await client.call(apis.ListOffsets, 8, { replicaId: -1, topics })).topics[0]!.partitions[0]!.offset;
      };

      expect(await ask(purged, 0, 3)).toBe('from 3');
      expect(await ask(purged, 0, 1)).toBe('from 3');

      expect([await find(-2), await find(-1), await find(0)]).toEqual([3, 4, 3]);
      expect(errorName((await client.fetch(purged, 0, 2)).errorCode)).toBe('OFFSET_OUT_OF_RANGE');
      const rest = await client.fetch(purged, 0, 3);
      expect([rest.logStartOffset, ...valuesOf(rest.records!).slice(-1)]).toEqual([3, 'd']);
      expect(await ask(purged, 0, 5)).toBe('OFFSET_OUT_OF_RANGE -1');
      expect(await ask(purged, 0, -2)).toBe('OFFSET_OUT_OF_RANGE -1');
      expect(await ask(purged, 9, 0)).toBe('UNKNOWN_TOPIC_OR_PARTITION -1');
      expect(await ask('nowhere', 0, 0)).toBe('UNKNOWN_TOPIC_OR_PARTITION -1');
      expect(await ask(purged, 0, -1)).toBe('from 4');
      expect((await client.fetch(purged, 0, 4)).records).toHaveLength(0);
      const appended = await client.produce(purged, 0, batchOf(['e']));
      expect([appended.baseOffset, appended.logStartOffset]).toEqual([4, 4]);
      expect(valuesOf((await client.fetch(purged, 0, 4)).records!)).toEqual(['e']);
    });

    it('keeps the records of what is only compacted', async () => {
      const compacted = await createdTopic(client, { configs: { 'cleanup.policy': 'compact' } });
      await client.produce(compacted, 0, batchOf(['value']));
      const topics = [{ name: compacted, partitions: [{ partitionIndex: 0, offset: 1 }] }];
      const answer = await client.call(apis.DeleteRecords, 2, { topics, timeoutMs: 5000 });
      expect(errorName(answer.topics[0]!.partitions[0]!.errorCode)).toBe('POLICY_VIOLATION');
    });

    it('finds offsets by time', async () => {
      const timed = await createdTopic(client);
      await client.produce(timed, 0, batchOf(['a', 'b'], {}, 1000));
      await client.produce(timed, 0, batchOf(['c', 'd'], { compression: 'gzip' }, 3000));
      await client.produce(timed, 0, batchOf(['late'], {}, 500));
      const find = async (timestamp: number, partitionIndex = 0): Promise<string> => {
        const topics = [{ name: timed, partitions: [{ partitionIndex, timestamp }] }];
        const answer = await client.call(apis.ListOffsets, 8, { replicaId: -1, topics });
        const found = answer.topics[0]!.partitions[0]!;
        return found.errorCode === 0 ? `${found.offset} at ${found.timestamp}` : errorName(found.errorCode);
      };
      expect(await find(-1)).toBe('5 at -1');
      expect(await find(-2)).toBe('0 at -1');
      expect(await find(-3)).toBe('3 at 3001');
      expect(await find(-4)).toBe('0 at -1');
      expect(await find(-9)).toBe('UNSUPPORTED_VERSION');
      expect(await find(0)).toBe('0 at 1000');
      expect(await find(1001)).toBe('1 at 1001');
      expect(await find(1002)).toBe('2 at 3000');
      expect(await find(3002)).toBe('-1 at -1');
      expect(await find(-1, 9)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    });
  });
}
