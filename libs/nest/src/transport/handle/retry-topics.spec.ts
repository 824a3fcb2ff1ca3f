import { describe, expect, it } from '@jest/globals';
import type { ReceivedRecord } from '../record/received-record.js';
import { isRetryTopicOf, readRetried, retryHeaders, retryTopic, sourceOfRetryTopic } from './retry-topics.js';

const record: ReceivedRecord = {
  topic: 'orders',
  partition: 3,
  offset: 17,
  timestampMs: 77,
  key: Buffer.from('k'),
  value: null,
  headers: [{ key: 'trace', value: Buffer.from('t1') }],
};

describe('retry topics of a group', () => {
  it('are known by their names', () => {
    expect(retryTopic('shop', 'orders', 2)).toBe('shop-orders-retry-2');
    expect(sourceOfRetryTopic('shop', 'shop-orders-retry-2', 2)).toBe('orders');
    expect(sourceOfRetryTopic('shop', 'shop-orders-retry-3', 2)).toBeUndefined();
    expect(sourceOfRetryTopic('shop', 'other-orders-retry-1', 2)).toBeUndefined();
    expect(sourceOfRetryTopic('shop', 'orders', 2)).toBeUndefined();
  });

  it('are those of other groups too, where topics are matched', () => {
    expect(isRetryTopicOf('other-orders-retry-1', ['orders'])).toBe(true);
    expect(isRetryTopicOf('orders-retry-1', ['orders'])).toBe(false);
    expect(isRetryTopicOf('orders', ['orders'])).toBe(false);
  });

  it('give records back as they were at first', () => {
    const state = { notBeforeMs: 1_000, tier: 2, attempts: 5 };
    const headers = retryHeaders(record, state, 'orders', new Error('why'));

    const back = readRetried({ ...record, topic: 'shop-orders-retry-2', partition: 1, offset: 4, headers });

    expect(back).toEqual({ ...record, retry: state });
  });

  it('do not gather headers from one retry to the next', () => {
    const first = retryHeaders(record, { notBeforeMs: 1, tier: 1, attempts: 1 }, 'orders', new Error('why'));
    const again = readRetried({ ...record, headers: first });

    const second = retryHeaders(again, { notBeforeMs: 2, tier: 2, attempts: 2 }, 'orders', new Error('why'));

    expect(second).toHaveLength(first.length);
  });
});
