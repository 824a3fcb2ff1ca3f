import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@millrace/testing';
import { apis, errorName } from '@millrace/protocol';
import { batchOf, type WireClient } from '../wire-client.js';
import {
  coordinatorsReady,
  createdTopic,
  fresh,
  settled,
  type BrokerUnderTest,
  type StartBroker,
} from './broker-under-test.js';
import { valuesOf } from './produce.contract.js';
import { WireProducer } from './wire-producer.js';

export function describeTransactions(broker: string, start: StartBroker): void {
  describe(`transactions of ${broker}`, () => {
    let running: BrokerUnderTest;
    let client: WireClient;
    let topic: string;
    let producer: WireProducer;

    beforeAll(async () => {
      running = await start();
      client = await running.connect();
      await coordinatorsReady(client);
    });
    beforeEach(async () => {
      topic = await createdTopic(client, { partitions: 2 });
      producer = new WireProducer(client);
      expect(await producer.init()).toBe('NONE');
    });
    afterAll(() => running.stop());

    /** What a read-committed reader may see, once no transaction is open any more. */
    const committed = async (partition = 0): Promise<{ visible: string[]; aborted: number }> =>
      eventually('no transaction is open', async () => {
        const answer = await client.fetch(topic, partition, 0, { committed: true });
        if (answer.lastStableOffset !== answer.highWatermark) return undefined;
        return { visible: valuesOf(answer.records!), aborted: answer.abortedTransactions!.length };
      });

    const committedOffset = async (groupId: string, requireStable = true): Promise<string> => {
      const groups = [{ groupId, topics: [{ name: topic, partitionIndexes: [0] }] }];
      const answer = await client.call(apis.OffsetFetch, 8, { requireStable, groups });
      const found = answer.groups[0]!.topics[0]!.partitions[0]!;
      return found.errorCode === 0 ? String(found.committedOffset) : errorName(found.errorCode);
    };

    describe('of version 2', () => {
      it('add partitions by themselves and bump the epoch with each end', async () => {
        const { producerEpoch } = producer;
        expect(await producer.produce(topic, 0, 0)).toBe('NONE');
        expect(await producer.produce(topic, 0, 1)).toBe('NONE');
        expect(await producer.end(true)).toBe('NONE');
        expect(producer.producerEpoch).toBe(producerEpoch + 1);
        expect(await producer.produce(topic, 0, 0)).toBe('NONE');
        expect(await producer.end(false)).toBe('NONE');
        expect(producer.producerEpoch).toBe(producerEpoch + 2);
        expect(await committed()).toEqual({ visible: ['v', 'v', 'v'], aborted: 1 });
      });

      it('hold back the last stable offset while they are open', async () => {
        await client.produce(topic, 0, batchOf(['before']));
        await producer.produce(topic, 0, 0);
        await client.produce(topic, 0, batchOf(['after']));
        const open = await client.fetch(topic, 0, 0, { committed: true });
        expect([open.highWatermark, open.lastStableOffset]).toEqual([3, 1]);
        expect(valuesOf(open.records!)).toEqual(['before']);
        expect(valuesOf((await client.fetch(topic, 0, 0)).records!)).toEqual(['before', 'v', 'after']);
        expect(await endOffset(1)).toBe(1);
        expect(await endOffset(0)).toBe(3);
        await producer.end(true);
        expect((await committed()).visible).toEqual(['before', 'v', 'after']);
      });

      const endOffset = async (isolationLevel: number): Promise<number> => {
        const topics = [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1 }] }];
        const answer = await client.call(apis.ListOffsets, 7, { replicaId: -1, isolationLevel, topics });
        return answer.topics[0]!.partitions[0]!.offset;
      };

      it('answer a retried end like the first time, and refuse the opposite', async () => {
        const { producerEpoch: epoch } = producer;
        await producer.produce(topic, 0, 0);
        expect(await producer.end(true)).toBe('NONE');
        expect(await producer.end(true, { epoch })).toBe('NONE');
        expect(producer.producerEpoch).toBe(epoch + 1);
        expect(await producer.end(false, { epoch })).toBe('INVALID_TXN_STATE');
      });

      it('can be aborted but not committed when they are empty', async () => {
        const { producerEpoch } = producer;
        expect(await producer.end(true)).toBe('INVALID_TXN_STATE');
        expect(await producer.end(false)).toBe('NONE');
        expect(await producer.end(false)).toBe('NONE');
        expect(producer.producerEpoch).toBe(producerEpoch + 2);
        expect(await producer.end(true)).toBe('INVALID_TXN_STATE');
      });

      it('refuse other epochs and ids', async () => {
        await producer.produce(topic, 0, 0);
        const { producerEpoch: epoch, producerId } = producer;
        await producer.end(true);
        expect(await producer.end(true, { epoch: epoch + 9 })).toBe('PRODUCER_FENCED');
        expect(await producer.end(true, { producerId: producerId + 999_999 })).toBe('INVALID_PRODUCER_ID_MAPPING');
        expect(await producer.produce(topic, 0, 1, { epoch })).toBe('INVALID_PRODUCER_EPOCH');
        expect(await producer.produce(topic, 1, 0, { epoch })).toBe('INVALID_PRODUCER_EPOCH');
        expect(await producer.produce(topic, 1, 0, { epoch: epoch + 2 })).toBe('INVALID_PRODUCER_EPOCH');
        expect(await producer.produce(topic, 1, 0, { transactionalId: 'other' })).toBe('INVALID_PRODUCER_ID_MAPPING');
        expect(await producer.produce(topic, 1, 0, { transactionalId: null })).toBe(
          'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
        );
      });

      it('begin each partition at sequence 0', async () => {
        expect(await producer.produce(topic, 0, 3)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
        await producer.end(false);
        expect(await producer.produce(topic, 0, 0)).toBe('NONE');
        await producer.end(true);
        expect(await producer.produce(topic, 0, 1)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
        expect(await producer.produce(topic, 0, 0)).toBe('NONE');
      });
    });

    describe('of version 1', () => {
      it('take what was added before, and keep epoch and sequences', async () => {
        const { producerEpoch } = producer;
        expect(await producer.produce(topic, 0, 0, { version: 11 })).toBe('TRANSACTION_ABORTABLE');
        expect(await producer.produce(topic, 0, 0, { version: 10 })).toBe('INVALID_TXN_STATE');
        expect(await producer.addPartitions(topic, [0])).toEqual(['NONE']);
        expect(await producer.produce(topic, 0, 0, { version: 11 })).toBe('NONE');
        expect(await producer.produce(topic, 1, 0, { version: 11 })).toBe('TRANSACTION_ABORTABLE');
        expect(await producer.end(true, { version: 4 })).toBe('NONE');
        expect(await producer.addPartitions(topic, [0])).toEqual(['NONE']);
        expect(await producer.produce(topic, 0, 1, { version: 11 })).toBe('NONE');
        expect(await producer.end(true, { version: 4 })).toBe('NONE');
        expect(producer.producerEpoch).toBe(producerEpoch);
        expect((await committed()).visible).toEqual(['v', 'v']);
      });

      it('cannot end without having begun, but may end twice the same way', async () => {
        expect(await producer.end(true, { version: 4 })).toBe('INVALID_TXN_STATE');
        expect(await producer.end(false, { version: 4 })).toBe('INVALID_TXN_STATE');
        await producer.addPartitions(topic, [0]);
        expect(await producer.end(true, { version: 4 })).toBe('NONE');
        expect(await producer.end(true, { version: 4 })).toBe('NONE');
        expect(await producer.end(false, { version: 4 })).toBe('INVALID_TXN_STATE');
      });

      it('write their marker to every partition that was added', async () => {
        await producer.addPartitions(topic, [0, 1]);
        await producer.end(true, { version: 4 });
        await eventually('both markers are written', async () => {
          const ends = [await client.fetch(topic, 0, 0), await client.fetch(topic, 1, 0)];
          return ends.every((each) => each.highWatermark === 1);
        });
      });

      it('add all partitions or none', async () => {
        const answers = await producer.addPartitions(topic, [0, 9]);
        expect(answers.sort()).toEqual(['OPERATION_NOT_ATTEMPTED', 'UNKNOWN_TOPIC_OR_PARTITION']);
        expect(await producer.end(true, { version: 4 })).toBe('INVALID_TXN_STATE');
      });
    });

    describe('fencing', () => {
      it('InitProducerId aborts what an older producer left open, and refuses that producer from then on', async () => {
        await producer.produce(topic, 0, 0);
        const { producerEpoch: epoch } = producer;
        const first = await client.initProducerId(producer.id);
        expect(errorName(first.errorCode)).toBe('CONCURRENT_TRANSACTIONS');
        expect(await producer.init()).toBe('NONE');
        expect(producer.producerEpoch).toBe(epoch + 2);
        expect(await committed()).toEqual({ visible: ['v'], aborted: 1 });
        expect(await producer.end(true, { epoch })).toBe('PRODUCER_FENCED');
        expect(await producer.end(true, { epoch, version: 4 })).toBe('PRODUCER_FENCED');
        expect(await producer.end(true, { epoch, version: 1 })).toBe('INVALID_PRODUCER_EPOCH');
        expect(await producer.produce(topic, 0, 1, { epoch })).toBe('INVALID_PRODUCER_EPOCH');
        expect(await producer.produce(topic, 0, 1, { epoch, version: 11 })).toBe('INVALID_PRODUCER_EPOCH');
        expect(await producer.addPartitions(topic, [0], { epoch })).toEqual(['PRODUCER_FENCED']);
        expect(await producer.addPartitions(topic, [0], { epoch, version: 1 })).toEqual(['INVALID_PRODUCER_EPOCH']);
        expect(await producer.commitOffset(fresh('group'), topic, 1, { epoch })).toBe('INVALID_PRODUCER_EPOCH');
      });

      it('InitProducerId with an own epoch goes on, recognises a retry, and refuses an older one', async () => {
        const { producerId, producerEpoch } = producer;
        expect(await producer.init({ producerId, producerEpoch })).toBe('NONE');
        expect(producer.producerEpoch).toBe(producerEpoch + 1);
        expect(await producer.init({ producerId, producerEpoch })).toBe('NONE');
        expect(producer.producerEpoch).toBe(producerEpoch + 1);
        await producer.init();
        expect(await producer.init({ producerId, producerEpoch })).toBe('PRODUCER_FENCED');
        expect(await producer.init({ producerId, producerEpoch, version: 3 })).toBe('INVALID_PRODUCER_EPOCH');
      });

      it('a transaction that takes too long is aborted, and its producer is fenced', async () => {
        const slow = new WireProducer(client);
        await slow.init({ timeoutMs: 500 });
        const { producerEpoch: epoch } = slow;
        await slow.produce(topic, 0, 0);
        await eventually('the transaction is aborted', async () => {
          const answer = await client.fetch(topic, 0, 0, { committed: true });
          return answer.lastStableOffset === answer.highWatermark;
        });
        expect(await slow.produce(topic, 0, 1)).toBe('INVALID_PRODUCER_EPOCH');
        expect(await slow.end(true)).toBe('INVALID_TXN_STATE');
        expect(await slow.end(true, { version: 4 })).toBe('PRODUCER_FENCED');
        expect(await slow.end(false)).toBe('NONE');
        expect(slow.producerEpoch).toBe(epoch + 1);
        expect(await slow.produce(topic, 0, 0)).toBe('NONE');
      });

      it('InitProducerId refuses timeouts out of range and identities that are not whole', async () => {
        expect(await producer.init({ timeoutMs: 900_001 })).toBe('INVALID_TRANSACTION_TIMEOUT');
        expect(await producer.init({ timeoutMs: 0 })).toBe('INVALID_TRANSACTION_TIMEOUT');
        expect(await producer.init({ producerId: 5 })).toBe('INVALID_REQUEST');
        expect(errorName((await client.initProducerId('')).errorCode)).toBe('INVALID_REQUEST');
      });
    });

    describe('with offsets', () => {
      it('make them visible when they commit, and not before', async () => {
        const group = fresh('group');
        expect(await producer.commitOffset(group, topic, 5)).toBe('NONE');
        expect(await committedOffset(group)).toBe('UNSTABLE_OFFSET_COMMIT');
        expect(await committedOffset(group, false)).toBe('-1');
        await producer.end(true);
        await eventually('the offset is committed', async () => (await committedOffset(group)) === '5');
      });

      it('forget them when they abort', async () => {
        const group = fresh('group');
        await producer.commitOffset(group, topic, 5);
        await producer.end(false);
        await eventually('nothing is pending', async () => (await committedOffset(group)) === '-1');
      });

      it('do not overwrite an offset that was committed outside after theirs', async () => {
        const group = fresh('group');
        await producer.commitOffset(group, topic, 60);
        const partitions = [{ partitionIndex: 0, committedOffset: 70, committedMetadata: null }];
        await client.call(apis.OffsetCommit, 8, {
          groupId: group,
          memberId: '',
          topics: [{ name: topic, partitions }],
        });
        await producer.end(true);
        await eventually('the transaction is through', async () => (await committedOffset(group)) === '70');
      });

      it('need the group to be added with version 1', async () => {
        const group = fresh('group');
        expect(await producer.commitOffset(group, topic, 5, { version: 4 })).toBe('TRANSACTION_ABORTABLE');
        expect(await producer.commitOffset(group, topic, 5, { version: 3 })).toBe('INVALID_TXN_STATE');
        const { id: transactionalId, producerId, producerEpoch } = producer;
        const add = () =>
          client.call(apis.AddOffsetsToTxn, 4, { transactionalId, producerId, producerEpoch, groupId: group });
        expect((await settled(add, (each) => each.errorCode)).errorCode).toBe(0);
        expect(await producer.commitOffset(group, topic, 5, { version: 4 })).toBe('NONE');
        expect(await producer.end(true, { version: 4 })).toBe('NONE');
        await eventually('the offset is committed', async () => (await committedOffset(group)) === '5');
      });

      it('refuse members that the group does not have', async () => {
        const group = fresh('group');
        expect(await producer.commitOffset(group, topic, 1, { generationId: 1, memberId: 'x' })).toBe(
          'ILLEGAL_GENERATION',
        );
        expect(await producer.commitOffset(group, topic, 1)).toBe('NONE');
        expect(await producer.commitOffset(group, topic, 1, { generationId: 1, memberId: 'x' })).toBe(
          'UNKNOWN_MEMBER_ID',
        );
        expect(await producer.commitOffset(group, 'nowhere', 1)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
      });
    });
  });
}
