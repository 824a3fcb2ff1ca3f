import { describe, expect, it } from '@jest/globals';
import { ErrorCodes, type ResponseOf, type apis } from '@millrace/protocol';
import { MetadataCache } from './metadata-cache.js';
import { NO_TOPIC_ID } from './topic-metadata.js';

type Answer = ResponseOf<typeof apis.Metadata>;

const BROKERS = [1, 2].map((nodeId) => ({ nodeId, host: `host-${nodeId}`, port: 9092, rack: null }));

function answer(topics: { leaderId?: number; leaderEpoch?: number; errorCode?: number; topicId?: string }[]): Answer {
  return {
    brokers: BROKERS,
    topics: topics.map(({ leaderId = 1, leaderEpoch = 0, errorCode = 0, topicId = 'a'.repeat(32) }) => ({
      errorCode,
      name: 'orders',
      topicId,
      isInternal: false,
      partitions: [1, 0].map((partitionIndex) => ({ partitionIndex, leaderId, leaderEpoch })),
    })),
  } as unknown as Answer;
}

describe('MetadataCache', () => {
  it('knows brokers, topics by name and id, and leaders', () => {
    const cache = new MetadataCache();
    cache.update(answer([{}]));

    expect(cache.nodeIds).toEqual([1, 2]);
    expect(cache.broker(2)).toEqual({ host: 'host-2', port: 9092 });
    expect(cache.topic('orders')?.partitions.map(({ partition }) => partition)).toEqual([0, 1]);
    expect(cache.nameOf('a'.repeat(32))).toBe('orders');
    expect(cache.leader('orders', 1)?.leaderId).toBe(1);
    expect(cache.leader('orders', 2)).toBeUndefined();
  });

  it('keeps what it knows of a newer leader when an older answer comes late', () => {
    const cache = new MetadataCache();
    cache.update(answer([{ leaderId: 2, leaderEpoch: 5 }]));
    cache.update(answer([{ leaderId: 1, leaderEpoch: 4 }]));

    expect(cache.leader('orders', 0)).toMatchObject({ leaderId: 2, leaderEpoch: 5 });
  });

  it('starts anew when the topic was created again', () => {
    const cache = new MetadataCache();
    cache.update(answer([{ leaderId: 2, leaderEpoch: 5 }]));
    cache.update(answer([{ leaderId: 1, leaderEpoch: 0, topicId: 'b'.repeat(32) }]));

    expect(cache.leader('orders', 0)?.leaderId).toBe(1);
    expect(cache.nameOf('a'.repeat(32))).toBeUndefined();
  });

  it('believes what it is told last where brokers give topics no ids: the topic may have been created again', () => {
    const cache = new MetadataCache();
    cache.update(answer([{ leaderId: 2, leaderEpoch: 5, topicId: NO_TOPIC_ID }]));
    cache.update(answer([{ leaderId: 1, leaderEpoch: 0, topicId: NO_TOPIC_ID }]));

    expect(cache.leader('orders', 0)?.leaderId).toBe(1);
  });

  it('takes over a leader that another answer named, if it is newer and a known broker', () => {
    const cache = new MetadataCache();
    cache.update(answer([{ leaderEpoch: 3 }]));
    cache.learnLeader('orders', 0, 2, 3);
    cache.learnLeader('orders', 0, 9, 4);
    expect(cache.leader('orders', 0)?.leaderId).toBe(1);

    cache.learnLeader('orders', 0, 2, 4);
    expect(cache.leader('orders', 0)?.leaderId).toBe(2);
  });

  it('forgets a topic that no longer exists, and remembers what was said about it', () => {
    const cache = new MetadataCache();
    cache.update(answer([{}]));
    cache.update(answer([{ errorCode: ErrorCodes.LEADER_NOT_AVAILABLE }]));
    expect(cache.topic('orders')).toBeDefined();

    cache.update(answer([{ errorCode: ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION }]));

    expect(cache.topic('orders')).toBeUndefined();
    expect(cache.errorOf('orders')).toBe(ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
    expect(cache.leader('orders', 0)).toBeUndefined();
  });

  it('has no leader while a partition is without one', () => {
    const cache = new MetadataCache();
    cache.update(answer([{ leaderId: -1 }]));

    expect(cache.leader('orders', 0)).toBeUndefined();
  });
});
