import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RecordBatchBuilder, RecordBatchCursor, errorName } from '@millrace/protocol';
import { batchOf, type WireClient } from '../wire-client.js';
import { coordinatorsReady, createdTopic, type BrokerUnderTest, type StartBroker } from './broker-under-test.js';

export function describeProducing(broker: string, start: StartBroker): void {
  describe(`producing to ${broker}`, () => {
    let running: BrokerUnderTest;
    let client: WireClient;
    let topic: string;

    beforeAll(async () => {
      running = await start();
      client = await running.connect();
      await coordinatorsReady(client);
      topic = await createdTopic(client, { partitions: 8 });
    });
    afterAll(() => running.stop());

    const produced = async (partition: number, records: Buffer, options = {}): Promise<string> => {
      const { errorCode, baseOffset } = await client.produce(topic, partition, records, options);
      return errorCode === 0 ? `offset ${baseOffset}` : errorName(errorCode);
    };

    it('gives batches offsets without gaps, from 0 on', async () => {
      expect(await produced(0, batchOf(['a', 'b']))).toBe('offset 0');
      expect(await produced(0, batchOf(['c']))).toBe('offset 2');
      const { records, highWatermark } = await client.fetch(topic, 0, 0);
      expect(highWatermark).toBe(3);
      expect(valuesOf(records!)).toEqual(['a', 'b', 'c']);
    });

    it('keeps an idempotent producer in order and recognises its retries', async () => {
      const { producerId } = await client.initProducerId(null);
      const send = (baseSequence: number, values = ['v'], producerEpoch = 0): Promise<string> =>
        produced(1, batchOf(values, { producerId, producerEpoch, baseSequence }));
      expect(await send(0, ['a', 'b'])).toBe('offset 0');
      expect(await send(0, ['a', 'b'])).toBe('offset 0');
      expect(await send(5)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
      for (let sequence = 2; sequence < 9; sequence++) expect(await send(sequence)).toBe(`offset ${sequence}`);
      expect(await send(4)).toBe('offset 4');
      expect(await send(3)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
      expect(await send(8, ['v', 'w'])).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    });

    it('begins each epoch of a producer at sequence 0 and refuses older epochs', async () => {
      const { producerId } = await client.initProducerId(null);
      const send = (producerEpoch: number, baseSequence: number): Promise<string> =>
        produced(2, batchOf(['v'], { producerId, producerEpoch, baseSequence }));
      expect(await send(0, 0)).toBe('offset 0');
      expect(await send(1, 5)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
      expect(await send(1, 0)).toBe('offset 1');
      expect(await send(0, 1)).toBe('INVALID_PRODUCER_EPOCH');
    });

    it('takes any sequence from a producer that it does not know', async () => {
      const { producerId } = await client.initProducerId(null);
      expect(await produced(3, batchOf(['v'], { producerId, producerEpoch: 0, baseSequence: 7 }))).toBe('offset 0');
    });

    it('wraps sequences after 2^31 - 1', async () => {
      const { producerId } = await client.initProducerId(null);
      const send = (baseSequence: number, values: string[]): Promise<string> =>
        produced(4, batchOf(values, { producerId, producerEpoch: 0, baseSequence }));
      expect(await send(2147483646, ['a', 'b', 'c'])).toBe('offset 0');
      expect(await send(1, ['d'])).toBe('offset 3');
    });

    it('refuses what is not one whole, undamaged batch', async () => {
      const damaged = batchOf(['x']);
      damaged[30]! ^= 1;
      const oldFormat = batchOf(['x']);
      oldFormat[16] = 1;
      expect(await produced(5, Buffer.alloc(0))).toBe('INVALID_RECORD');
      expect(await produced(5, batchOf(['x']).subarray(0, 50))).toBe('INVALID_RECORD');
      expect(await produced(5, batchOf(['x']).subarray(0, 65))).toBe('INVALID_RECORD');
      expect(await produced(5, Buffer.concat([batchOf(['x']), batchOf(['y'])]))).toBe('INVALID_RECORD');
      expect(await produced(5, oldFormat)).toBe('INVALID_RECORD');
      expect(await produced(5, damaged)).toBe('CORRUPT_MESSAGE');
      expect(await produced(5, batchOf(['x'], { producerId: 9, producerEpoch: 0, baseSequence: -1 }))).toBe(
        'INVALID_RECORD',
      );
      expect((await client.fetch(topic, 5, 0)).highWatermark).toBe(0);
    });

    it('refuses batches larger than max.message.bytes', async () => {
      expect(await produced(6, batchOf(['x'.repeat(1_100_000)]))).toBe('MESSAGE_TOO_LARGE');
      const small = await createdTopic(client, { configs: { 'max.message.bytes': '200' } });
      expect((await client.produce(small, 0, batchOf(['x']))).errorCode).toBe(0);
      expect(errorName((await client.produce(small, 0, batchOf(['x'.repeat(200)]))).errorCode)).toBe(
        'MESSAGE_TOO_LARGE',
      );
    });

    it('refuses unknown partitions, odd acks, and zstd where the version does not have it', async () => {
      expect(errorName((await client.produce('nowhere', 0, batchOf(['x']))).errorCode)).toBe(
        'UNKNOWN_TOPIC_OR_PARTITION',
      );
      expect(await produced(99, batchOf(['x']))).toBe('UNKNOWN_TOPIC_OR_PARTITION');
      expect(await produced(6, batchOf(['x']), { acks: 2 })).toBe('INVALID_REQUIRED_ACKS');
      expect(await produced(6, batchOf(['x'], { compression: 'zstd' }), { version: 6 })).toBe(
        'UNSUPPORTED_COMPRESSION_TYPE',
      );
      expect(await produced(6, batchOf(['x'], { compression: 'zstd' }), { version: 7 })).toBe('offset 0');
    });

    it('takes no record without a key on a compacted topic', async () => {
      const compacted = await createdTopic(client, { configs: { 'cleanup.policy': 'compact' } });
      const builder = new RecordBatchBuilder();
      builder.append(1, null, Buffer.from('v'));
      expect(errorName((await client.produce(compacted, 0, builder.build({}))).errorCode)).toBe('INVALID_RECORD');
      expect((await client.produce(compacted, 0, batchOf(['v']))).errorCode).toBe(0);
    });

    it('stamps records with its own time where the topic says LogAppendTime', async () => {
      const stamped = await createdTopic(client, { configs: { 'message.timestamp.type': 'LogAppendTime' } });
      const answer = await client.produce(stamped, 0, batchOf(['v'], {}, 1000));
      const { records } = await client.fetch(stamped, 0, 0);
      const cursor = new RecordBatchCursor();
      cursor.reset(records!);
      expect(cursor.nextBatch() && cursor.nextRecord()).toBe(true);
      expect(answer.logAppendTimeMs).toBeGreaterThan(1_700_000_000_000);
      expect(cursor.timestampMs).toBe(answer.logAppendTimeMs);
    });

    it('closes the connection when a batch without acknowledgement fails', async () => {
      const other = await running.connect();
      const body = {
        acks: 0,
        timeoutMs: 1000,
        topicData: [{ name: 'nowhere', partitionData: [{ index: 0, records: batchOf(['x']) }] }],
      };
      other.produceWithoutAnswer(body);
      await other.closed;
    });
  });
}

/** The values of all records of concatenated batches. */
export function valuesOf(records: Buffer): string[] {
  const cursor = new RecordBatchCursor();
  const values: string[] = [];
  cursor.reset(records);
  while (cursor.nextBatch()) {
    while (cursor.nextRecord()) if (!cursor.isControl) values.push(cursor.value()!.toString());
  }
  return values;
}
