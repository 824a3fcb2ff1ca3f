import { describe, expect, it } from '@jest/globals';
import { replyAddress } from './reply-producer.js';

const asking = { kafka_correlationId: 'c1', kafka_replyTopic: 'sum.reply' };

describe('replyAddress', () => {
  it('is where a request wants its answer', () => {
    expect(replyAddress({ ...asking, kafka_replyPartition: '2' })).toEqual({
      correlationId: 'c1',
      topic: 'sum.reply',
      partition: 2,
    });
    expect(replyAddress({ kafka_correlationId: 'c1' })).toBeUndefined();
    expect(replyAddress({ kafka_replyTopic: 'sum.reply' })).toBeUndefined();
  });

  it.each(['', 'x', '-1', '1.5', '2147483648', '4294967295', '5000000000', 'Infinity'])(
    'leaves it to the key when its partition is %p, which is none',
    (kafka_replyPartition) => {
      expect(replyAddress({ ...asking, kafka_replyPartition })).toMatchObject({ partition: undefined });
    },
  );
});
