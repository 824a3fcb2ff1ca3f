import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apis, type AnyApi } from '@millrace/protocol';
import { EmbeddedBroker } from '../src/index.js';
import { batchOf, WireClient } from './wire-client.js';

const NO_ID = '0'.repeat(32);
const producer = { producerId: 0, producerEpoch: 0 };
const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }];

/** A request of each API that every one of its versions can carry. */
const requests: Record<string, (version: number, topicId: string) => object> = {
  AddOffsetsToTxn: () => ({ transactionalId: 'x', ...producer, groupId: 'g' }),
  AddPartitionsToTxn: () => ({
    v3AndBelowTransactionalId: 'x',
    v3AndBelowProducerId: 0,
    v3AndBelowProducerEpoch: 0,
    v3AndBelowTopics: [{ name: 't', partitions: [0] }],
  }),
  ApiVersions: () => ({}),
  CreateTopics: (version) => ({
    topics: [{ name: `made-${version}`, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
  }),
  DeleteRecords: () => ({ timeoutMs: 1, topics: [{ name: 't', partitions: [{ partitionIndex: 0, offset: 0 }] }] }),
  DeleteTopics: (version) => ({
    timeoutMs: 1,
    topicNames: [`gone-${version}`],
    ...(version >= 6 ? { topics: [{ name: 'gone', topicId: NO_ID }] } : {}),
  }),
  DescribeConfigs: () => ({ resources: [{ resourceType: 2, resourceName: 't', configurationKeys: null }] }),
  DescribeGroups: () => ({ groups: ['g', 'none'] }),
  EndTxn: () => ({ transactionalId: 'x', ...producer, committed: true }),
  Fetch: (_version, topicId) => ({
    maxWaitMs: 0,
    minBytes: 0,
    topics: [{ topic: 't', topicId, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }],
    forgottenTopicsData: [],
  }),
  FindCoordinator: (version) => (version >= 4 ? { coordinatorKeys: ['g', 'h'] } : { key: 'g' }),
  Heartbeat: () => ({ groupId: 'g', generationId: 1, memberId: 'm' }),
  InitProducerId: () => ({ transactionalId: null, transactionTimeoutMs: 1000 }),
  JoinGroup: (version) => ({
    groupId: `g-${version}`,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 1000,
    memberId: '',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.alloc(1) }],
  }),
  LeaveGroup: (version) => ({ groupId: 'g', ...(version >= 3 ? { members: [{ memberId: 'm' }] } : { memberId: 'm' }) }),
  ListGroups: () => ({}),
  ListOffsets: () => ({ replicaId: -1, topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: -1 }] }] }),
  Metadata: () => ({ topics: [{ name: 't' }, { name: 'none' }] }),
  OffsetCommit: () => ({ groupId: 'plain', memberId: '', topics: [{ name: 't', partitions }] }),
  OffsetFetch: (version) => {
    const topics = [{ name: 't', partitionIndexes: [0] }];
    return version >= 8 ? { groups: [{ groupId: 'plain', topics }] } : { groupId: 'plain', topics };
  },
  Produce: () => ({
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: 't', partitionData: [{ index: 0, records: batchOf(['v']) }] }],
  }),
  SyncGroup: () => ({ groupId: 'g', generationId: 1, memberId: 'm', assignments: [] }),
  TxnOffsetCommit: () => ({ transactionalId: 'x', groupId: 'g', ...producer, topics: [{ name: 't', partitions }] }),
};

describe('every version that ApiVersions lists', () => {
  let broker: EmbeddedBroker;
  let client: WireClient;
  let topicId: string;

  beforeAll(async () => {
    broker = new EmbeddedBroker();
    await broker.start();
    client = await WireClient.to(broker);
    await client.createTopic('t');
    const { topics } = await client.call(apis.Metadata, 12, { topics: [{ name: 't' }] });
    topicId = topics[0]!.topicId;
  });
  afterAll(() => broker.stop());

  it('is one that this spec asks for', async () => {
    const { apiKeys } = await client.call(apis.ApiVersions, 3, {});
    const served = Object.values(apis).filter((api) => apiKeys.some((each) => each.apiKey === api.key));
    expect(served.map((api) => api.name).sort()).toEqual(Object.keys(requests).sort());
    expect(apiKeys).toContainEqual({ apiKey: apis.Produce.key, minVersion: 3, maxVersion: 12 });
  });

  it.each(Object.entries(requests))('of %s is answered', async (name, request) => {
    const api = apis[name as keyof typeof apis] as AnyApi;
    for (let version = api.minVersion; version <= api.maxVersion; version++) {
      await client.call(api, version, request(version, topicId) as never);
    }
  });
});
