import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { nextInt, SeededRandom, type Random } from '@millrace/kernel';
import { apis, encodeRequestFrame } from '@millrace/protocol';
import { EmbeddedBroker } from '../src/index.js';
import { batchOf, WireClient } from './wire-client.js';

const ROUNDS = 3000;

/** Frames as real clients send them, to be damaged. */
function seeds(): Buffer[] {
  const one = (...chunks: Buffer[]): Buffer => Buffer.concat(chunks);
  const records = batchOf(['value'], { producerId: 1, producerEpoch: 0, baseSequence: 0, isTransactional: true });
  const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }];
  const protocols = [{ name: 'range', metadata: Buffer.from('m') }];
  const fetched = [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 100 }] }];
  return [
    one(...encodeRequestFrame(apis.ApiVersions, 3, 1, 'fuzz', {})),
    one(
      ...encodeRequestFrame(apis.Produce, 12, 1, 'fuzz', { transactionalId: 'x', acks: -1, timeoutMs: 1, topicData }),
    ),
    one(
      ...encodeRequestFrame(apis.Produce, 5, 1, 'fuzz', {
        acks: 1,
        timeoutMs: 1,
        topicData: [{ name: 't', partitionData: [{ index: 0, records: batchOf(['v'], { compression: 'gzip' }) }] }],
      }),
    ),
    one(
      ...encodeRequestFrame(apis.Fetch, 12, 1, 'fuzz', {
        maxWaitMs: 0,
        minBytes: 0,
        topics: fetched,
        forgottenTopicsData: [],
      }),
    ),
    one(
      ...encodeRequestFrame(apis.JoinGroup, 9, 1, 'fuzz', {
        groupId: 'g',
        sessionTimeoutMs: 10_000,
        memberId: '',
        protocolType: 'consumer',
        protocols,
      }),
    ),
    one(
      ...encodeRequestFrame(apis.JoinGroup, 3, 1, 'fuzz', {
        groupId: 'g',
        sessionTimeoutMs: 10_000,
        memberId: '',
        protocolType: 'consumer',
        protocols,
      }),
    ),
    one(
      ...encodeRequestFrame(apis.SyncGroup, 3, 1, 'fuzz', {
        groupId: 'g',
        generationId: 1,
        memberId: 'm',
        assignments: [],
      }),
    ),
    one(
      ...encodeRequestFrame(apis.OffsetCommit, 8, 1, 'fuzz', {
        groupId: 'h',
        memberId: '',
        topics: [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }] }],
      }),
    ),
    one(
      ...encodeRequestFrame(apis.CreateTopics, 7, 1, 'fuzz', {
        topics: [
          {
            name: 'u',
            numPartitions: 1,
            replicationFactor: 1,
            assignments: [],
            configs: [{ name: 'retention.ms', value: '1' }],
          },
        ],
      }),
    ),
    one(
      ...encodeRequestFrame(apis.ListOffsets, 7, 1, 'fuzz', {
        replicaId: -1,
        topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: 5 }] }],
      }),
    ),
    one(...encodeRequestFrame(apis.InitProducerId, 5, 1, 'fuzz', { transactionalId: 'x', transactionTimeoutMs: 1000 })),
    one(
      ...encodeRequestFrame(apis.EndTxn, 5, 1, 'fuzz', {
        transactionalId: 'x',
        producerId: 0,
        producerEpoch: 0,
        committed: true,
      }),
    ),
  ];
}

/** Flips, cuts, repeats or inserts bytes; the size prefix is sometimes left right, so that damage reaches the body. */
function damaged(frame: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(frame);
  for (let flips = nextInt(random, 6); flips > 0; flips--)
    bytes[4 + nextInt(random, bytes.length - 4)] = nextInt(random, 256);
  const cut = random.next() < 0.3 ? bytes.subarray(0, 4 + nextInt(random, bytes.length - 4)) : bytes;
  const noise =
    random.next() < 0.2 ? Buffer.from(Array.from({ length: 20 }, () => nextInt(random, 256))) : Buffer.alloc(0);
  const result = Buffer.concat([cut, noise]);
  if (random.next() < 0.8) result.writeInt32BE(result.length - 4, 0);
  return result;
}

describe('damaged requests', () => {
  let broker: EmbeddedBroker;

  beforeAll(async () => {
    broker = new EmbeddedBroker({ maxRequestBytes: 1_000_000 });
    await broker.start();
    await (await WireClient.to(broker)).createTopic('t');
  });
  afterAll(() => broker.stop());

  it.each([1, 2, 3])('never keep the broker from serving others (seed %i)', async (seed) => {
    const random = new SeededRandom(seed);
    const frames = seeds();
    for (let round = 0; round < ROUNDS; round++) {
      const client = await WireClient.to(broker);
      client.sendRaw(damaged(frames[nextInt(random, frames.length)]!, random));
      if (round % 100 === 0) await new Promise(setImmediate);
      client.close();
    }
    const client = await WireClient.to(broker);
    const { errorCode } = await client.produce('t', 0, batchOf(['still here']));
    expect(errorCode).toBe(0);
    expect((await client.fetch('t', 0, 0)).errorCode).toBe(0);
  });
});
