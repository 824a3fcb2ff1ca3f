import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EmbeddedBroker } from '@millrace/broker';
import { Admin, Cluster } from '@millrace/client';
import { ManualClock, SeededRandom, TransientError, type ByteStream, type Dialer } from '@millrace/kernel';
import type { SinkRecord, Topic } from '@millrace/streams';
import { SinkDeadLetters } from './sink-dead-letters.js';

const topic = { name: 'orders' } as Topic<unknown, unknown>;
const refused = { offset: 7, timestampMs: 1, key: null, value: null, headers: [] } as unknown as SinkRecord;

let clock: ManualClock;
let broker: EmbeddedBroker;
let cluster: Cluster;
let isAway: boolean;
let open: ByteStream[];

/** Moves time on, from timer to timer, until the promise is settled. */
async function run<T>(promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const watched = promise.finally(() => (isSettled = true));
  watched.catch(() => undefined);
  for (;;) {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    if (isSettled) return watched;
    const next = clock.nextTimerMs();
    if (next !== undefined) clock.advanceTo(next);
  }
}

beforeEach(async () => {
  isAway = false;
  open = [];
  clock = new ManualClock(1_000_000);
  broker = new EmbeddedBroker({ clock, random: new SeededRandom(1) });
  await broker.start();
  const inner = broker.dialer();
  const dialer: Dialer = {
    dial: async (...where) => {
      if (isAway) throw new TransientError('MR_NETWORK_DISCONNECTED', 'away');
      const stream = await inner.dial(...where);
      open.push(stream);
      return stream;
    },
  };
  const random = new SeededRandom(2);
  cluster = new Cluster({ bootstrap: ['memory:0'], clientId: 'spec', dialer, clock, random });
  await run(cluster.start());
  await run(new Admin(cluster).createTopics([{ name: 'orders-dlt', partitions: 1 }]));
});
afterEach(async () => {
  await run(cluster.stop());
  await broker.stop();
});

describe('SinkDeadLetters', () => {
  it('sends what was not acknowledged in time again, and is done only once it is there, whoever asks first', async () => {
    const letters = new SinkDeadLetters(cluster, 'sink');
    await run(letters.start());
    isAway = true;
    for (const stream of open) stream.destroy(new Error('away'));
    letters.sendRefused({ topic, partition: 0 }, refused, new Error('no'), 1);
    const flushes = await run(Promise.allSettled([letters.flush(), letters.flush()]));
    expect(flushes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    isAway = false;

    await run(letters.flush());

    const [end] = await run(new Admin(cluster).listOffsets([{ topic: 'orders-dlt', partition: 0, at: 'latest' }]));
    expect(end).toMatchObject({ offset: 1 });
    await run(letters.stop());
  });
});
