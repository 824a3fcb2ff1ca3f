import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import kafkajs, { type Consumer, type Kafka as KafkaClient, type Producer } from 'kafkajs';
import { eventually } from '@millrace/testing';
import { EmbeddedBroker } from '../src/index.js';

const { Kafka, logLevel, Partitioners } = kafkajs;

describe('kafkajs with the embedded broker', () => {
  let broker: EmbeddedBroker;
  let kafka: KafkaClient;
  const open: { disconnect(): Promise<void> }[] = [];

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
  afterEach(async () => {
    for (const each of open.splice(0)) await each.disconnect();
    await broker.stop();
  });

  const producing = async (transactionalId?: string): Promise<Producer> => {
    const inTransactions =
      transactionalId === undefined ? {} : { transactionalId, maxInFlightRequests: 1, idempotent: true };
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, ...inTransactions });
    await producer.connect();
    open.push(producer);
    return producer;
  };
  /** A member of a group that collects the values it gets. */
  const reading = async (groupId: string, seen: string[]): Promise<Consumer> => {
    const consumer = kafka.consumer({ groupId, heartbeatInterval: 100, maxWaitTimeInMs: 50 });
    await consumer.connect();
    open.push(consumer);
    await consumer.subscribe({ topic: 'flights', fromBeginning: true });
    await consumer.run({ eachMessage: async ({ message }) => void seen.push(message.value!.toString()) });
    return consumer;
  };
  const messages = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, index) => ({ key: `${index}`, value: `${prefix}-${index}` }));
  const values = (prefix: string, count: number): string[] => messages(prefix, count).map((each) => each.value);

  it('produces and consumes, with every compression that it has', async () => {
    const producer = await producing();
    await producer.send({ topic: 'flights', messages: messages('plain', 50) });
    await producer.send({ topic: 'flights', compression: 1, messages: messages('gzip', 50) });
    const seen: string[] = [];
    await reading('readers', seen);
    const expected = [...values('plain', 50), ...values('gzip', 50)].sort();
    await eventually('everything is read', () => seen.length >= expected.length);
    expect(seen.sort()).toEqual(expected);
  });

  it('shares the partitions among the members of a group, and goes on after one has left', async () => {
    const producer = await producing();
    const first: string[] = [];
    const second: string[] = [];
    await reading('readers', first);
    const leaver = await reading('readers', second);
    await eventually('both get records', async () => {
      await producer.send({ topic: 'flights', messages: messages('shared', 30) });
      return first.length > 0 && second.length > 0;
    });
    await leaver.disconnect();
    await producer.send({ topic: 'flights', messages: messages('after', 30) });
    await eventually('one member reads it all', () => values('after', 30).every((each) => first.includes(each)));
  });

  it('goes on where its group has committed', async () => {
    const producer = await producing();
    await producer.send({ topic: 'flights', messages: messages('early', 10) });
    const before: string[] = [];
    const consumer = await reading('readers', before);
    await eventually('everything is read', () => before.length === 10);
    await consumer.disconnect();
    await producer.send({ topic: 'flights', messages: messages('late', 10) });
    const after: string[] = [];
    await reading('readers', after);
    await eventually('the rest is read', () => after.length >= 10);
    expect(after.sort()).toEqual(values('late', 10));
  });

  it('sees only committed data, in a group', async () => {
    const producer = await producing('tx');
    const seen: string[] = [];
    await reading('readers', seen);
    const aborted = await producer.transaction();
    await aborted.send({ topic: 'flights', messages: messages('aborted', 10) });
    await aborted.abort();
    const committed = await producer.transaction();
    await committed.send({ topic: 'flights', messages: messages('committed', 10) });
    await committed.sendOffsets({
      consumerGroupId: 'other',
      topics: [{ topic: 'flights', partitions: [{ partition: 0, offset: '7' }] }],
    });
    const openTransaction = await (await producing('another')).transaction();
    await openTransaction.send({ topic: 'flights', messages: messages('open', 10) });
    await committed.commit();
    await eventually('the committed records are read', () => seen.length >= 10);
    await openTransaction.commit();
    await eventually('the other ones follow', () => seen.length >= 20);
    expect(seen.sort()).toEqual([...values('committed', 10), ...values('open', 10)].sort());
    const admin = kafka.admin();
    await admin.connect();
    open.push(admin);
    const offsets = await admin.fetchOffsets({ groupId: 'other', topics: ['flights'] });
    expect(offsets[0]!.partitions.find((each) => each.partition === 0)!.offset).toBe('7');
  });

  it('administers topics and groups', async () => {
    const admin = kafka.admin();
    await admin.connect();
    open.push(admin);
    await admin.createTopics({
      topics: [{ topic: 'made', numPartitions: 2, configEntries: [{ name: 'retention.ms', value: '1' }] }],
    });
    expect((await admin.listTopics()).sort()).toEqual(['flights', 'made']);
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: 'made', configNames: ['retention.ms'] }],
    });
    expect(resources[0]!.configEntries.map((each) => each.configValue)).toEqual(['1']);
    await admin.deleteTopics({ topics: ['made'] });
    expect(await admin.listTopics()).toEqual(['flights']);
    await reading('readers', []);
    const { groups } = await admin.describeGroups(['readers']);
    expect(groups[0]).toMatchObject({ groupId: 'readers', state: 'Stable', protocolType: 'consumer' });
    expect((await admin.listGroups()).groups).toEqual([{ groupId: 'readers', protocolType: 'consumer' }]);
    const ends = await admin.fetchTopicOffsets('flights');
    expect(ends.map((each) => each.high)).toEqual(['0', '0', '0']);
  });
});
