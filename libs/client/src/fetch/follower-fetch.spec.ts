import { describe, expect, it } from '@jest/globals';
import { ManualClock, SeededRandom } from '@millrace/kernel';
import { ErrorCodes } from '@millrace/protocol';
import { ScriptedBrokers, type FetchScript } from '../../test/scripted-brokers.js';
import { Cluster } from '../cluster/cluster.js';
import { Fetcher } from './fetcher.js';

const LEASE_MS = 60_000;
const PLACE = { topic: 'orders', partition: 0 };

const sends: FetchScript = (offset) => ({ records: ScriptedBrokers.recordAt(offset) });
const prefers =
  (nodeId: number): FetchScript =>
  () => ({ preferredReadReplica: nodeId });

interface Reading {
  readonly brokers: ScriptedBrokers;
  readonly clock: ManualClock;
  readonly fetcher: Fetcher;
  /** Polls until there is a batch; time goes from timer to timer meanwhile. */
  next(): Promise<number>;
}

/** Reads from offset 10 while `during` runs. */
async function reading(
  brokers: ScriptedBrokers,
  during: (reading: Reading) => Promise<void>,
  rack = 'zone-b',
): Promise<void> {
  const clock = new ManualClock(1_000_000);
  const timers = { metadataMaxAgeMs: LEASE_MS, retryBackoffMs: 10, retryBackoffMaxMs: 10 };
  const cluster = new Cluster({
    ...{ bootstrap: ['broker-1:9092'], clientId: 'spec', dialer: brokers, clock, random: new SeededRandom(1) },
    ...{ rack, ...timers },
  });
  await cluster.start();
  await cluster.metadata(['orders']);
  const fetcher = new Fetcher(cluster, { maxBufferedBytes: 1 });
  await fetcher.start();
  fetcher.assign([{ ...PLACE, offset: 10 }]);
  const next = async (): Promise<number> => {
    for (let step = 0; step < 1_000; step++) {
      await settled();
      const [batch] = await fetcher.poll(0);
      if (batch !== undefined) return batch.startOffset;
      clock.advance(10);
    }
    throw new Error('nothing was fetched');
  };
  try {
    await during({ brokers, clock, fetcher, next });
  } finally {
    await fetcher.stop();
    await cluster.stop();
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('a fetcher that has told its rack', () => {
  it('reads from the follower that the leader prefers, and asks the leader no more', async () => {
    await reading(new ScriptedBrokers(prefers(2), sends), async ({ brokers, next }) => {
      expect([await next(), await next(), await next()]).toEqual([10, 11, 12]);
      expect(brokers.fetched.slice(0, 4)).toEqual([1, 2, 2, 2]);
      expect(new Set(brokers.racks)).toEqual(new Set(['zone-b']));
    });
  });

  it('lets the leader decide anew when the lease is over', async () => {
    const preferred = [2, 3];
    const leader: FetchScript = () => ({ preferredReadReplica: preferred.shift() ?? -1 });
    await reading(new ScriptedBrokers(leader, sends, sends), async ({ brokers, clock, next }) => {
      await next();
      await next();
      const before = brokers.fetched.length;
      clock.advance(LEASE_MS);
      await next();
      await next();
      await next();

      expect(brokers.fetched.slice(0, before)).not.toContain(3);
      expect(brokers.fetched.slice(before)).toEqual(expect.arrayContaining([1, 3]));
    });
  });

  it('goes back to the leader when the follower cannot be reached', async () => {
    let isDown = false;
    const leader: FetchScript = (offset, request) => (isDown ? sends(offset, request) : { preferredReadReplica: 2 });
    await reading(new ScriptedBrokers(leader, sends), async ({ brokers, next }) => {
      const first = await next();
      isDown = true;
      brokers.takeDown(2);
      const offsets = [first, await next(), await next(), await next()];

      expect(offsets).toEqual([10, 11, 12, 13]);
      expect(brokers.fetched.at(-1)).toBe(1);
    });
  });

  it('goes back to the leader when the follower has left the cluster', async () => {
    let members = [1, 2];
    const leader: FetchScript = (offset, request) =>
      members.includes(2) ? { preferredReadReplica: 2 } : sends(offset, request);
    const brokers = new ScriptedBrokers(leader, sends);
    await reading(brokers, async ({ clock, next }) => {
      await next();
      brokers.members = members = [1];
      // The lease lasts as long as metadata are good for: half of the one is not enough for the other.
      clock.advance(LEASE_MS - 1);
      await next();
      await next();
      clock.advance(1);
      await next();
      await next();
      await next();

      expect(brokers.fetched.at(-1)).toBe(1);
    });
  });

  it('asks the leader when the follower has not come as far, and loses nothing', async () => {
    let isBehind = true;
    const follower: FetchScript = (offset, request) => {
      if (!isBehind) return sends(offset, request);
      isBehind = false;
      return { errorCode: ErrorCodes.OFFSET_OUT_OF_RANGE, highWatermark: -1 };
    };
    await reading(new ScriptedBrokers(prefers(2), follower), async ({ brokers, next }) => {
      expect([await next(), await next()]).toEqual([10, 11]);
      expect(brokers.fetched.slice(0, 4)).toEqual([1, 2, 1, 2]);
    });
  });

  it('takes the leader’s word that an offset is out of range', async () => {
    const outOfRange: FetchScript = () => ({ errorCode: ErrorCodes.OFFSET_OUT_OF_RANGE, highWatermark: -1 });
    let asked = 0;
    const leader: FetchScript = (offset, request) => (asked++ === 0 ? prefers(2) : outOfRange)(offset, request);
    await reading(new ScriptedBrokers(leader, outOfRange), async ({ next }) => {
      await expect(next()).rejects.toMatchObject({ code: 'MR_OFFSET_OUT_OF_RANGE', disposition: 'restart-task' });
    });
  });

  it('does not take the older end that a follower tells for one that it has passed', async () => {
    const follower: FetchScript = (offset, request) =>
      offset === 10 ? sends(offset, request) : { highWatermark: 4, lastStableOffset: 4 };
    await reading(new ScriptedBrokers(prefers(2), follower), async ({ fetcher, next }) => {
      await next();
      await settled();

      expect(fetcher.endOffset(PLACE)).toBe(11);
    });
  });
});

describe('a fetcher without a rack', () => {
  it('tells none and reads from the leader', async () => {
    const asked = new ScriptedBrokers(sends, sends);
    await reading(
      asked,
      async ({ next }) => {
        await next();
        expect(asked.racks[0]).toBe('');
        expect(new Set(asked.fetched)).toEqual(new Set([1]));
      },
      '',
    );
  });
});
