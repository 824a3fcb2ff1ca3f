import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Admin, Cluster, TcpDialer } from '@millrace/client';
import { apis } from '@millrace/protocol';
import { allContracts, deadLettersOf } from '@millrace/schemas';
import { eventually, metricSum } from '@millrace/testing';
import { Kafka, logLevel } from 'kafkajs';
import { ADDRESSES } from './addresses.js';

const PARTITIONS = 6;
const RECORDS_A_PARTITION = 5;

describe('the brokers of docker/compose.yml', () => {
  const cluster = new Cluster({
    bootstrap: [...ADDRESSES.brokers],
    clientId: 'compose-spec',
    dialer: new TcpDialer(),
  });
  const admin = new Admin(cluster);
  beforeAll(() => cluster.start());
  afterAll(() => cluster.stop());

  it('are three, each in a rack of its own', async () => {
    const { brokers } = await cluster.requestAny(apis.Metadata, { topics: [], allowAutoTopicCreation: false });

    expect(brokers.map(({ nodeId, rack }) => `${nodeId} in ${rack}`).sort()).toEqual([
      '1 in rack-1',
      '2 in rack-2',
      '3 in rack-3',
    ]);
  });

  it('keep three copies of every topic, of which two must be in sync, those of transactions and groups included', async () => {
    const { topics } = await cluster.requestAny(apis.Metadata, { topics: null, allowAutoTopicCreation: false });
    const names = topics.map(({ name }) => name!);
    const ofContracts = allContracts().flatMap((contract) => [contract.name, deadLettersOf(contract).name]);
    expect(names).toEqual(expect.arrayContaining([...ofContracts, '__consumer_offsets', '__transaction_state']));
    const configs = await admin.describeTopicConfigs(names);

    const kept = topics.map(({ name, partitions }) => ({
      name,
      copies: [...new Set(partitions.map(({ replicaNodes }) => [...replicaNodes].sort().join(' ')))],
      inSync: configs.get(name!)?.get('min.insync.replicas'),
    }));
    expect(kept).toEqual(names.map((name) => ({ name, copies: ['1 2 3'], inSync: '2' })));
  });

  it('serve metrics that count what is produced, on whichever of them it is', async () => {
    const topic = `counted-${Date.now()}`;
    await admin.createTopics([{ name: topic, partitions: PARTITIONS }]);
    const producer = new Kafka({ brokers: [...ADDRESSES.brokers], logLevel: logLevel.NOTHING }).producer();
    await producer.connect();
    const messages = Array.from({ length: PARTITIONS * RECORDS_A_PARTITION }, (_, nth) => ({
      value: String(nth),
      partition: nth % PARTITIONS,
    }));
    await producer.send({ topic, acks: -1, messages });
    await producer.disconnect();

    const counted = async (): Promise<number[]> => {
      const texts = await Promise.all(ADDRESSES.metrics.map(async (url) => (await fetch(url)).text()));
      return texts.map((text) => metricSum(text, 'kafka_server_brokertopicmetrics_messagesin_total', { topic }) ?? 0);
    };
    const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
    // A batch that is sent again, as after an answer that was lost, counts twice.
    const areAllCounted = async (): Promise<boolean> => {
      const counts = await counted();
      if (sum(counts) >= messages.length) return true;
      throw new Error(`of ${messages.length} records the brokers count ${counts.join(', ')}`);
    };
    await eventually('every record is counted', areAllCounted, { timeoutMs: 30_000, intervalMs: 200 });
    // Leaders are spread over the brokers, and the counts are the leaders'.
    expect((await counted()).filter((count) => count > 0)).toHaveLength(3);
    await admin.deleteTopics([topic]);
  });
});
