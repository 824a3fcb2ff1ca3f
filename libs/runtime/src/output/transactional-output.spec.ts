import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Producer } from '@millrace/client';
import { eventually } from '@millrace/testing';
import { EmbeddedCluster } from '../../test/embedded-cluster.js';
import { AtLeastOnceOutput } from './at-least-once-output.js';
import type { Output } from './output.js';
import { TransactionalOutput } from './transactional-output.js';

const OUTSIDER = { groupId: 'g', generationId: -1, memberId: '' };

let cluster: EmbeddedCluster;
let output: Output;

function send(value: string): void {
  const bytes = Buffer.from(value);
  output.batches.send('out', 0, 1, null, -1, -1, bytes, 0, bytes.length, null, 0, 0);
}

const visible = async (): Promise<(string | null)[]> => (await cluster.read('out')).map(({ value }) => value);
const committedOffset = async (): Promise<number | undefined> =>
  (await cluster.admin.committedOffsets('g', [{ topic: 'in', partition: 0 }]))[0]?.offset;

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ in: 1, out: 1 });
});

afterEach(async () => {
  await output.stop();
  await cluster.stop();
});

describe('TransactionalOutput', () => {
  beforeEach(async () => {
    // A batch leaves with each record, so that an abandoned transaction has something to take back.
    output = new TransactionalOutput(new Producer(cluster.client, { transactionalId: 't' }), { eagerBytes: 1 });
    output.batches.register('out', 1);
    await output.start();
  });

  it('shows records and offsets with the commit, not before', async () => {
    send('a');
    send('b');
    expect(await visible()).toEqual([]);

    await output.commit([{ topic: 'in', partition: 0, offset: 2 }], OUTSIDER);

    expect(await visible()).toEqual(['a', 'b']);
    expect(await committedOffset()).toBe(2);
  });

  it('takes back what was sent when the transaction is abandoned, and goes on', async () => {
    send('lost');
    await eventually('the batch is in the log', () => output.bufferedBytes === 0);

    await output.abandon();
    send('kept');
    await output.commit([], OUTSIDER);

    expect(await visible()).toEqual(['kept']);
  });

  it('goes on after another producer with its id has fenced it, without what it had sent', async () => {
    send('lost');
    const other = new Producer(cluster.client, { transactionalId: 't' });
    await other.start();
    await expect(output.commit([], OUTSIDER)).rejects.toMatchObject({ disposition: 'restart-task' });

    await output.abandon();
    send('kept');
    await output.commit([], OUTSIDER);
    await other.stop();

    expect(await visible()).toEqual(['kept']);
  });

  it('goes on after its producer was fenced while no transaction was open', async () => {
    const producer = new Producer(cluster.client, { transactionalId: 'idle' });
    const idle = new TransactionalOutput(producer);
    await idle.start();
    // What fences a producer is told by an answer, which may come at any time: here to a transaction of somebody else's.
    producer.beginTransaction();
    const other = new Producer(cluster.client, { transactionalId: 'idle' });
    await other.start();
    const fenced = producer.sendOffsets([{ topic: 'in', partition: 0, offset: 1 }], OUTSIDER);
    await expect(fenced).rejects.toMatchObject({ code: 'MR_PRODUCER_FENCED' });

    await expect(idle.commit([{ topic: 'in', partition: 0, offset: 2 }], OUTSIDER)).rejects.toThrow(/started again/);
    await idle.abandon();
    await idle.commit([{ topic: 'in', partition: 0, offset: 2 }], OUTSIDER);
    await idle.stop();
    await other.stop();

    expect(await committedOffset()).toBe(2);
  });

  it('commits nothing when there is nothing to commit', async () => {
    await output.commit([], OUTSIDER);

    expect(await committedOffset()).toBeUndefined();
  });

  it('aborts what is open when it stops, so that readers need not wait for it', async () => {
    send('lost');
    await output.stop();

    await cluster.produce('out', [{ key: null, value: 'next' }]);

    expect(await visible()).toEqual(['next']);
  });
});

describe('AtLeastOnceOutput', () => {
  it('commits offsets once everything is in the logs', async () => {
    const committed: unknown[] = [];
    output = new AtLeastOnceOutput(new Producer(cluster.client), async (offsets) => {
      committed.push({ offsets, visible: await visible() });
    });
    output.batches.register('out', 1);
    await output.start();
    send('a');

    await output.commit([{ topic: 'in', partition: 0, offset: 1 }], OUTSIDER);

    expect(committed).toEqual([{ offsets: [{ topic: 'in', partition: 0, offset: 1 }], visible: ['a'] }]);
  });
});
