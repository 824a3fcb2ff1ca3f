import { beforeEach, describe, expect, it } from '@jest/globals';
import { FatalError, ManualClock, TransientError } from '@millrace/kernel';
import { Cluster } from '@millrace/client';
import { MatchedTopics } from './matched-topics.js';
import { PatternWatch } from './pattern-watch.js';

const AWAY = new TransientError('MR_BROKER_UNAVAILABLE', 'no broker answers');

let clock: ManualClock;
let failures: Error[];
let prepared: number;
let watch: PatternWatch;

beforeEach(() => {
  clock = new ManualClock();
  failures = [];
  prepared = 0;
  const partitionCounts = new Map<string, number>();
  watch = new PatternWatch({
    cluster: new Cluster({ bootstrap: ['localhost:9092'], clientId: 'spec' }),
    clock,
    matched: new MatchedTopics('app', []),
    intervalMs: 60_000,
    partitionCounts,
    prepare: () => {
      const failure = failures.shift();
      if (failure !== undefined) return Promise.reject(failure);
      prepared += 1;
      partitionCounts.set('orders.eu', 3);
      return Promise.resolve();
    },
    found: () => undefined,
    failed: (error) => failures.push(error),
  });
});

/** Lets what is settled go on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('PatternWatch', () => {
  it('tries to get a topic ready for as long as the brokers do not answer', async () => {
    failures = [AWAY, AWAY];
    const learnt = watch.learn([{ topic: 'orders.eu', partition: 2 }]);
    for (const seconds of [1, 2]) {
      await settled();
      expect(failures).toHaveLength(2 - seconds);
      clock.advance(1_000);
    }

    await learnt;

    expect(prepared).toBe(1);
  });

  it('prepares a topic once', async () => {
    await Promise.all([
      watch.learn([{ topic: 'orders.eu', partition: 2 }]),
      watch.learn([{ topic: 'orders.eu', partition: 2 }]),
    ]);

    expect(prepared).toBe(1);
  });

  it('prepares a topic again that has got more partitions, and no other', async () => {
    await watch.learn([{ topic: 'orders.eu', partition: 2 }]);
    await watch.learn([{ topic: 'orders.eu', partition: 0 }]);
    expect(prepared).toBe(1);

    await watch.learn([{ topic: 'orders.eu', partition: 3 }]);

    expect(prepared).toBe(2);
  });

  it('fails by what does not pass by itself', async () => {
    failures = [new FatalError('MR_BROKER_REFUSED', 'the partitions do not fit')];

    await expect(watch.learn([{ topic: 'orders.eu', partition: 2 }])).rejects.toMatchObject({
      code: 'MR_BROKER_REFUSED',
    });
  });

  it('ends its tries when it is stopped', async () => {
    failures = [AWAY];
    const learnt = watch.learn([{ topic: 'orders.eu', partition: 2 }]);
    await settled();

    watch.stop();
    await learnt;

    expect(prepared).toBe(0);
  });
});
