import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Producer } from '@millrace/client';
import { RecordBatchBuilder } from '@millrace/protocol';
import { eventually } from '@millrace/testing';
import { Apps } from '../../test/apps.js';
import { counting, events, expectCountedOnce, numbered } from '../../test/counting.js';
import { EmbeddedCluster } from '../../test/embedded-cluster.js';
import { runtimeChannels, type RestoreEvent } from '../diagnostics/channels.js';

let cluster: EmbeddedCluster;
const apps = new Apps(() => cluster);
let restored: RestoreEvent[];
let unsubscribe: () => void;

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ [events.name]: 1, counts: 1 });
  restored = [];
  unsubscribe = runtimeChannels.restored.subscribe((event) => void restored.push(event));
});

afterEach(async () => {
  unsubscribe();
  await apps.stop();
  await cluster.stop();
});

describe('the restore of a task', () => {
  it('waits for a transaction that a dead process left open, as what its successor committed lies behind it', async () => {
    const given = numbered(90);
    await cluster.produce('events', given.slice(0, 30));
    const successor = await apps.start(counting());
    await successor.drained();
    const dead = new Producer(cluster.client, { transactionalId: 'dead', transactionTimeoutMs: 60_000 });
    await dead.start();
    dead.beginTransaction();
    const batch = new RecordBatchBuilder();
    batch.append(0, Buffer.from('k0'), Buffer.alloc(8));
    await dead.send('app-event-counts-changelog', 0, batch);
    await cluster.produce('events', given.slice(30, 60));
    await successor.drained();
    await successor.stop();

    restored = [];
    const next = await apps.start(counting());
    await cluster.produce('events', given.slice(60));
    await eventually('the restore has begun', () => restored.some(({ phase }) => phase === 'started'));
    expect(restored.map(({ phase }) => phase)).toEqual(['started']);
    await dead.abortTransaction();
    await next.drained();
    await dead.stop();

    await expectCountedOnce(cluster, given);
  });
});
