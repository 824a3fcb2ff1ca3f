import { describe, expect, it } from '@jest/globals';
import { Consumer } from '../../src/index.js';
import kafkajs, { type Kafka as KafkaJs } from 'kafkajs';
import { batchOf, eventually, valuesOf, type ContractSession } from './contract-session.js';

/** The same topics, read and written by another client. */
export function describeInterop(session: () => ContractSession): void {
  const kafkaJs = (brokers: readonly string[]): KafkaJs =>
    new kafkajs.Kafka({ clientId: 'contract', brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING });

  describe('kafkajs as the other side', () => {
    it('writes what this client reads, in a transaction and without', async () => {
      const { tcpBootstrap } = session().broker;
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);
      const producer = kafkaJs(tcpBootstrap).producer({
        transactionalId: `${topic}-tx`,
        maxInFlightRequests: 1,
        idempotent: true,
      });
      await producer.connect();
      const message = { key: 'key', value: 'value', headers: { h: 'header' }, timestamp: '1234' };
      const committed = await producer.transaction();
      await committed.send({ topic, messages: [message, { ...message, value: null }] });
      await committed.commit();
      const aborted = await producer.transaction();
      await aborted.send({ topic, messages: [{ value: 'aborted' }] });
      await aborted.abort();
      await producer.send({ topic, compression: kafkajs.CompressionTypes.GZIP, messages: [{ value: 'zipped' }] });
      await producer.disconnect();

      await eventually('all is visible', async () => (await session().read(cluster, topic)).length === 3);
      const [first, second, third] = await session().read(cluster, topic);

      const headers = [{ key: 'h', value: Buffer.from('header') }];
      expect(first).toMatchObject({ key: 'key', value: 'value', timestampMs: 1_234, headers });
      expect(second).toMatchObject({ key: 'key', value: null });
      expect(third).toMatchObject({ value: 'zipped' });
    });

    it('reads what this client writes, and takes its place in the same group', async () => {
      const { tcpBootstrap } = session().broker;
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);
      const groupId = `${topic}-group`;
      const transactional = await session().producer(cluster, { transactionalId: `${topic}-tx`, compression: 'gzip' });
      for (const [value, commits] of [
        ['a', true],
        ['b', false],
        ['c', true],
      ] as const) {
        transactional.beginTransaction();
        await transactional.send(topic, 0, batchOf(value));
        await (commits ? transactional.commitTransaction() : transactional.abortTransaction());
      }
      const consumer = kafkaJs(tcpBootstrap).consumer({ groupId, readUncommitted: false });
      const seen: string[] = [];
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({ eachMessage: async ({ message }) => void seen.push(message.value?.toString() ?? '') });
      await eventually('kafkajs has read all', () => seen.length >= 2);
      await consumer.stop();
      await consumer.disconnect();
      expect(seen).toEqual(['a', 'c']);

      const producer = await session().producer(cluster);
      await producer.send(topic, 0, batchOf('d'));
      const own: string[] = [];
      await session().start(
        new Consumer(cluster, {
          groupId,
          topics: [topic],
          fetch: { maxWaitMs: 50 },
          eachBatch: (records) => {
            while (records.nextRecord()) own.push(records.cursor.value()?.toString() ?? '');
          },
        }),
      );
      await eventually('this client goes on', () => own.length > 0);
      expect(own).toEqual(['d']);
      expect(valuesOf(await session().read(cluster, topic))).toEqual(['a', 'c', 'd']);
    });
  });
}
