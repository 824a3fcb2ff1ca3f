import { describe, expect, it } from '@jest/globals';
import { KafkaParser } from '@nestjs/microservices';
import { kafkaMessage } from './kafka-message.js';

const [one, two] = [Buffer.from('one'), Buffer.from('two')];

const messageWith = (...headers: { key: string; value: Buffer | null }[]): ReturnType<typeof kafkaMessage> =>
  kafkaMessage({ topic: 'orders', partition: 1, offset: 7, timestampMs: 1_000, key: null, value: one, headers });

describe('a record in the words of kafkajs', () => {
  it('has numbers as text', () => {
    expect(messageWith()).toMatchObject({ partition: 1, offset: '7', timestamp: '1000', key: null, value: one });
  });

  it('has the values of a header that came several times in one', () => {
    const { headers } = messageWith({ key: 'a', value: one }, { key: 'b', value: null }, { key: 'a', value: two });
    expect(headers).toEqual({ a: [one, two], b: null });
  });

  it.each(['__proto__', 'toString', 'constructor'])('has a header named %s like any other, also when parsed', (key) => {
    const { headers } = new KafkaParser().parse<{ headers: object }>(messageWith({ key, value: one }));
    expect(Object.entries(headers)).toEqual([[key, 'one']]);
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
  });
});
