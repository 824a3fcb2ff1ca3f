import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { apis } from '@millrace/protocol';
import { SCRIPTED_TOPIC_ID, ScriptedCluster } from '../../test/scripted-cluster.js';
import { VirtualTime } from '../../test/virtual-time.js';
import { Admin } from '../admin/admin.js';
import { GroupMember } from '../group/group-member.js';
import { rangeAssignor } from '../group/assignors/range-assignor.js';
import { RecordProducer } from '../producer/record-producer.js';
import { Cluster } from './cluster.js';

let time: VirtualTime;
let cluster: Cluster;
/** Leaders of the two partitions of `orders`; -1 for none. */
let leaders: number[];

beforeEach(async () => {
  leaders = [1, -1];
  time = new VirtualTime();
  const brokers = new ScriptedCluster({ nodes: 1 })
    .on(apis.Metadata, (request) => ({
      brokers: [{ nodeId: 1, host: 'broker-1', port: 9092, rack: null }],
      topics: (request.topics ?? []).map(({ name }) => ({
        ...{ errorCode: 0, name, topicId: SCRIPTED_TOPIC_ID },
        partitions: leaders.map((leaderId, partitionIndex) => ({
          ...{ errorCode: 0, partitionIndex, leaderId, leaderEpoch: 0 },
          ...{ replicaNodes: [1], isrNodes: [1], offlineReplicas: [] },
        })),
      })),
    }))
    .on(apis.ListOffsets, ({ topics }) => ({
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          errorCode: 0,
          offset: 7,
          timestamp: -1,
        })),
      })),
    }))
    .on(apis.InitProducerId, () => ({ errorCode: 0, producerId: 1, producerEpoch: 0 }))
    .on(apis.Produce, ({ topicData }) => ({
      responses: topicData.map(({ name, partitionData }) => ({
        name,
        partitionResponses: partitionData.map(({ index }) => ({ index, errorCode: 0, baseOffset: 7 })),
      })),
    }));
  const { clock } = time;
  cluster = new Cluster({ bootstrap: ['broker-1:9092'], dialer: brokers, clientId: 'spec', clock });
  await time.run(cluster.start());
});
afterEach(() => cluster.stop());

describe('beside a partition without leader', () => {
  it('tells the offsets of another partition of its topic', async () => {
    const asked = new Admin(cluster).listOffsets([{ topic: 'orders', partition: 0, at: 'latest' }]);

    expect(await time.run(asked)).toMatchObject([{ partition: 0, offset: 7 }]);
  });

  it('tells the offsets of all once it has a leader', async () => {
    const asked = new Admin(cluster).listOffsets(
      [0, 1].map((partition) => ({ topic: 'orders', partition, at: 'latest' })),
    );
    await time.pass(5_000);
    leaders = [1, 1];

    expect(await time.run(asked)).toMatchObject([
      { partition: 0, offset: 7 },
      { partition: 1, offset: 7 },
    ]);
  });

  it('sends to another partition of its topic', async () => {
    const producer = new RecordProducer(cluster);
    await time.run(producer.start());

    const sent = producer.sendAndWait('orders', null, Buffer.from('value'), { partition: 0 });

    expect(await time.run(sent)).toMatchObject({ partition: 0, offset: 7 });
    await time.run(producer.stop());
  });

  it('sends what waits for its leader once it has one', async () => {
    const producer = new RecordProducer(cluster);
    await time.run(producer.start());
    const sent = producer.sendAndWait('orders', null, Buffer.from('value'), { partition: 1 });
    await time.pass(60_000);
    leaders = [1, 1];

    expect(await time.run(sent)).toMatchObject({ partition: 1, offset: 7 });
    await time.run(producer.stop());
  });

  it('joins a group that reads its topic', async () => {
    const nobody = () => Promise.resolve();
    const told = { onAssigned: nobody, onRevoked: nobody, onLost: nobody };
    const member = new GroupMember(cluster, {
      groupId: 'group',
      topics: ['orders'],
      assignors: [rangeAssignor],
      ...told,
    });

    await expect(time.run(member.start())).resolves.toBeUndefined();
  });
});
