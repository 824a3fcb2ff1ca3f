import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import kafkajs, { type Kafka as KafkaClient } from 'kafkajs';
import { EmbeddedBroker } from '../src/index.js';

const { Kafka, logLevel } = kafkajs;

describe('kafkajs against the embedded broker', () => {
  let broker: EmbeddedBroker;
  let kafka: KafkaClient;

  beforeEach(async () => {
    broker = new EmbeddedBroker();
    await broker.start();
    const { host, port } = await broker.listen();
    kafka = new Kafka({ clientId: 'spec', brokers: [`${host}:${port}`], logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'flights', numPartitions: 3 }] });
    await admin.disconnect();
  });

  afterEach(() => broker.stop());

  it('produces and consumes in a group', async () => {
    const producer = kafka.producer();
    await producer.connect();
    const values = Array.from({ length: 50 }, (_, index) => `flight-${index}`);
    await producer.send({ topic: 'flights', messages: values.map((value) => ({ key: value, value })) });
    const consumer = kafka.consumer({ groupId: 'readers' });
    await consumer.connect();
    await consumer.subscribe({ topic: 'flights', fromBeginning: true });
    const seen: string[] = [];
    await new Promise<void>((resolve) => {
      void consumer.run({
        eachMessage: async ({ message }) => {
          seen.push(message.value!.toString());
          if (seen.length === values.length) resolve();
        },
      });
    });
    expect(seen.sort()).toEqual(values.sort());
    await consumer.disconnect();
    await producer.disconnect();
  });
});
