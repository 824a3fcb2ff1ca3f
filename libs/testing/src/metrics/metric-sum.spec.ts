import { describe, expect, it } from '@jest/globals';
import { metricSum } from './metric-sum.js';

const TEXT = [
  '# HELP messages_total Messages, such as messages_total 99',
  '# TYPE messages_total counter',
  'messages_total{topic="orders",partition="0"} 3.0',
  'messages_total{topic="orders",partition="1"} 4 1395066363000',
  String.raw`messages_total{topic="a \"name\"} 9",} 1.5E1`,
  'messages_total_bytes 1000',
  'idle 0',
  'greatest{quantile="1"} +Inf',
  '',
].join('\n');

describe('the sum of a metric', () => {
  it('is that of all samples of its name, and of no other', () => {
    expect(metricSum(TEXT, 'messages_total')).toBe(22);
    expect(metricSum(TEXT, 'messages_total_bytes')).toBe(1000);
  });

  it('is that of the samples with the labels that are asked for', () => {
    expect(metricSum(TEXT, 'messages_total', { topic: 'orders' })).toBe(7);
    expect(metricSum(TEXT, 'messages_total', { topic: 'orders', partition: '1' })).toBe(4);
    expect(metricSum(TEXT, 'messages_total', { topic: 'a "name"} 9' })).toBe(15);
  });

  it('is undefined where there is no such sample, and 0 where one is 0', () => {
    expect(metricSum(TEXT, 'messages')).toBeUndefined();
    expect(metricSum(TEXT, 'messages_total', { topic: 'order' })).toBeUndefined();
    expect(metricSum(TEXT, 'idle')).toBe(0);
  });

  it('may be infinite', () => {
    expect(metricSum(TEXT, 'greatest')).toBe(Number.POSITIVE_INFINITY);
  });
});
