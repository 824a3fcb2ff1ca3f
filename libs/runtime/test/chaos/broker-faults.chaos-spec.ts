import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from '@millrace/client';
import { eventually } from '@millrace/testing';
import { startKafka, type KafkaCluster } from '@millrace/testing/containers';
import { ChaosRun } from './chaos-run.js';
import { ClusterView, succession, type Role } from './cluster-view.js';

const SUCCESSION_TIMEOUT_MS = 90_000;
const LOG_DISK_MEGABYTES = 256;

let kafka: KafkaCluster;
let cluster: Cluster;
let view: ClusterView;
beforeAll(async () => {
  kafka = await startKafka({ brokers: 3, logDiskMegabytes: LOG_DISK_MEGABYTES });
  cluster = new Cluster({ bootstrap: kafka.bootstrap, clientId: 'chaos-spec', requestTimeoutMs: 10_000 });
  await cluster.start();
  view = new ClusterView(kafka, cluster);
});
afterEach(async () => {
  for (const node of kafka.nodes) {
    await node.freeDisk();
    if (await node.hasEnded()) await node.start();
  }
  await view.isInSync();
});
afterAll(async () => {
  await cluster?.stop();
  await kafka?.stop();
});

const begin = (fault: string): Promise<ChaosRun> => ChaosRun.begin(fault, cluster, kafka.bootstrap);

/** Waits until somebody else has the role. */
function successor(before: Role, find: () => Promise<Role>): Promise<Role> {
  const other = async (): Promise<Role | undefined> => {
    const role = await find();
    return role.nodeId === before.nodeId ? undefined : role;
  };
  return eventually(`another than node ${before.nodeId} takes over`, other, {
    timeoutMs: SUCCESSION_TIMEOUT_MS,
    intervalMs: 100,
  });
}

describe('the loss of a broker, under load, loses and doubles nothing', () => {
  const roles: readonly [string, (run: ChaosRun) => Promise<Role>][] = [
    ['the leader of an input partition', (run) => view.leader(run.topics.orders, 0)],
    ['the active controller', () => view.controller()],
    ['the transaction coordinator', (run) => view.coordinator('transaction', `${run.applicationId}-worker-0`)],
    ['the group coordinator', (run) => view.coordinator('group', run.applicationId)],
  ];

  it.each(roles)('that was %s', async (role, find) => {
    await using run = await begin(`kill -9 of ${role}`);
    await run.load();
    const worker = run.worker({ instanceId: 'worker' });
    await worker.isRunning();
    await run.progress();

    const before = await find(run);
    await kafka.node(before.nodeId).kill();
    run.ledger.fired(succession(before, await successor(before, () => find(run))));
    await run.caughtUp();
    await run.progress();
    await kafka.node(before.nodeId).start();
    await view.isInSync();
    await run.progress();

    await run.settle();
  });
});

describe('a cluster under load loses and doubles nothing', () => {
  it('while its brokers are restarted one after the other', async () => {
    await using run = await begin('rolling bounce');
    await run.load();
    const worker = run.worker({ instanceId: 'worker' });
    await worker.isRunning();
    const epochs = (): Promise<number[]> =>
      Promise.all([0, 1, 2].map(async (partition) => (await view.leader(run.topics.orders, partition)).epoch));
    const before = await epochs();

    for (const node of kafka.nodes) {
      await run.progress();
      await node.stop();
      await node.start();
      await view.isInSync();
    }

    const after = await epochs();
    expect(after.every((epoch, partition) => epoch > before[partition]!)).toBe(true);
    run.ledger.fired(`epochs of the input's leaders ${before.join(', ')} → ${after.join(', ')}`);
    await run.progress();
    await run.settle();
  });

  it('while too few copies are in sync: it waits, and goes on when they are back', async () => {
    await using run = await begin('two of three brokers down');
    const load = await run.load();
    const worker = run.worker({ instanceId: 'worker' });
    await worker.isRunning();
    await run.progress();

    await Promise.all([kafka.node(2).kill(), kafka.node(3).kill()]);
    const told = worker.events.length;
    await worker.tells('a request that was not answered', ({ event }) => event === 'retry' || event === 'failed', told);
    const [acknowledged, seen] = [load.acknowledged, run.seen];
    await eventually('the load is full of what nobody acknowledges', () => load.isHeldBack, { timeoutMs: 60_000 });
    expect(load.acknowledged - acknowledged).toBeLessThan(1_000);
    const held = `acknowledged +${load.acknowledged - acknowledged}, seen +${run.seen - seen} while they were down`;
    await Promise.all([kafka.node(2).start(), kafka.node(3).start()]);
    await view.isInSync();

    run.ledger.fired(held);
    await run.progress();
    await run.settle();
  });
});

describe('a broker whose disk is full', () => {
  it('ends, and loses nothing that it has acknowledged: the worker goes on with the next leader', async () => {
    await using run = await begin('disk full');
    await run.load();
    const worker = run.worker({ instanceId: 'worker' });
    await worker.isRunning();
    await run.progress();

    const find = (): Promise<Role> => view.leader(run.topics.orders, 0);
    const before = await find();
    const node = kafka.node(before.nodeId);
    await node.fillDisk();
    await eventually('the broker has ended', () => node.hasEnded(), { timeoutMs: 60_000, intervalMs: 100 });
    const traces = (await node.log(5_000)).match(/No space left on device|InternalError|SIGBUS/g);
    expect(traces).not.toBeNull();
    run.ledger.fired(`no space left, the broker ended; ${succession(before, await successor(before, find))}`);
    await run.caughtUp();
    await run.progress();
    await node.freeDisk();
    await node.start();
    await view.isInSync();
    await run.progress();

    await run.settle();
  });
});
