import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Admin, Cluster, type ListedOffset } from '@millrace/client';
import { eventually } from '@millrace/testing';
import { startKafka, type KafkaCluster } from '@millrace/testing/containers';
import { ChaosRun } from './chaos-run.js';
import { ClusterView, succession, type Role } from './cluster-view.js';
import type { WorkerEvent } from './worker-process.js';

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

/** Refusals that are waited for: tries follow each other ever more slowly, up to a second apart. */
const REFUSALS = 12;
/** The transaction outlives the fault: what was refused is committed in the end. */
const PATIENT_TRANSACTION_TIMEOUT_MS = 120_000;

/** The code itself: NOT_ENOUGH_REPLICAS_AFTER_APPEND is the answer to what was appended before. */
const isRefused = ({ event, what = '', error = '' }: WorkerEvent): boolean =>
  event === 'retry' && what.startsWith('Produce to ') && /with NOT_ENOUGH_REPLICAS\b/.test(error);

const DEMANDING: readonly [string, (run: ChaosRun) => string[]][] = [
  ['the outputs', ({ topics }) => [topics.enriched, topics.counts]],
  ['the changelog', ({ applicationId }) => [`${applicationId}-counts-changelog`]],
];

describe('one broker is down, the quorum and both coordinators live, and min.insync.replicas', () => {
  async function demandAllCopies(topic: string): Promise<void> {
    const change = ['--alter', '--entity-type', 'topics', '--entity-name', topic];
    const setting = ['--add-config', `min.insync.replicas=${kafka.nodes.length}`];
    await kafka.node(1).tool('kafka-configs.sh', '--bootstrap-server', 'INTERNAL', ...change, ...setting);
  }

  /** The end of each partition: what lies before it is in all copies in sync; with `read_committed`, and of no open transaction. */
  async function ends(topics: readonly string[], isolation?: 'read_committed'): Promise<ListedOffset[]> {
    const metadata = await cluster.metadata(topics);
    const places = metadata.flatMap(({ name, partitions }) =>
      partitions.map(({ partition }) => ({
        topic: name,
        partition,
        at: 'latest' as const,
        ...(isolation && { isolation }),
      })),
    );
    return new Admin(cluster).listOffsets(places);
  }

  it.each(DEMANDING)(
    'of %s is broken: nothing is acknowledged there meanwhile, and nothing lost',
    async (name, topicsOf) => {
      await using run = await begin(`min.insync.replicas of ${name} broken`);
      const load = await run.load();
      const worker = run.worker({ instanceId: 'worker', transactionTimeoutMs: PATIENT_TRANSACTION_TIMEOUT_MS });
      await worker.isRunning();
      await run.progress();
      const topics = topicsOf(run);
      for (const topic of topics) await demandAllCopies(topic);
      await run.progress();
      // A transaction that is being committed would hold back the next one before its records are refused.
      load.pause();
      await worker.drained();
      const isAtRest = async (): Promise<boolean> => {
        const latest = await ends(topics);
        return isDeepStrictEqual(latest, await ends(topics, 'read_committed')) && (await view.copiesKnow(latest));
      };
      await eventually('no transaction is open, in any copy', isAtRest, { timeoutMs: 30_000, intervalMs: 100 });

      const bystander = await view.bystander(run.applicationId, `${run.applicationId}-worker-0`);
      const told = worker.events.length;
      await kafka.node(bystander).kill();
      await view.lacksCopies(topics);
      load.resume();
      await worker.tells('a refusal for want of copies', isRefused, told);
      const [before, seen, acknowledged] = [await ends(topics), run.seen, load.acknowledged];
      const refusals = (): number => worker.events.slice(told).filter(isRefused).length;
      await worker.tells(`${REFUSALS} refusals`, () => refusals() >= REFUSALS, told);
      // The quorum lives: who sends orders notices nothing.
      await eventually('the input goes on', () => load.acknowledged >= acknowledged + 1_000, { timeoutMs: 60_000 });

      expect(await ends(topics)).toEqual(before);
      expect(run.seen).toBe(seen);
      run.ledger.fired(
        `${refusals()} × NOT_ENOUGH_REPLICAS; input +${load.acknowledged - acknowledged}, output +${run.seen - seen}`,
      );
      await kafka.node(bystander).start();
      await view.isInSync();
      await run.caughtUp();
      await run.progress();

      await run.settle();
    },
  );
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
