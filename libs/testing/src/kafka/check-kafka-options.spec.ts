import { describe, expect, it } from '@jest/globals';
import type { NetworkFaults } from '../faults/network-faults.js';
import { startKafka, type KafkaOptions } from './kafka-cluster.js';
import { checkKafkaOptions } from './check-kafka-options.js';

const ada = { username: 'ada', password: `pa55 "word"'s` };

describe('the options of startKafka', () => {
  it.each<KafkaOptions>([
    {},
    { brokers: 3, racks: ['a', 'b', 'c'], users: [ada], logDiskMegabytes: 200, heapMegabytes: 256 },
    { racks: ['a'] },
  ])('are taken: %j', (options) => {
    expect(() => checkKafkaOptions(options)).not.toThrow();
  });

  it.each<[KafkaOptions, string]>([
    [{ brokers: 0 }, 'brokers: 0 is not a whole number of at least 1'],
    [{ brokers: 1.5 }, 'brokers: 1.5 is not'],
    [{ brokers: 3, racks: ['a', 'b'] }, 'racks: 2 are named for 3 brokers, name one for each'],
    [{ logDiskMegabytes: 0 }, 'logDiskMegabytes: 0 is not'],
    [{ heapMegabytes: NaN }, 'heapMegabytes: NaN is not'],
    [{ users: [{ ...ada, username: 'a,b' }] }, 'users[0].username: takes letters'],
    [{ users: [ada, ada] }, 'users: a name is there twice'],
    [{ faults: {} as NetworkFaults }, 'faults: its proxies reach the nodes in one network'],
  ])('are refused before anything is started: %j', async (options, problem) => {
    await expect(startKafka(options)).rejects.toMatchObject({
      code: 'MR_CONFIG_INVALID',
      problems: [expect.stringContaining(problem)],
    });
  });

  it('are told all at once, without a password', () => {
    const options = { brokers: -1, users: [{ username: 'ada', password: 'sesame,open' }] };
    expect(() => checkKafkaOptions(options)).toThrow(/^(?!.*sesame).*brokers: -1.*users\[0\]\.password: must not/s);
  });
});
