import { afterEach, describe, expect, it } from '@jest/globals';
import { ManualClock, TransientError, type Dialer } from '@millrace/kernel';
import { ErrorCodes, apis } from '@millrace/protocol';
import { ScriptedCluster } from '../../test/scripted-cluster.js';
import { VirtualCluster } from '../../test/virtual-cluster.js';
import { VirtualTime } from '../../test/virtual-time.js';
import { Admin } from '../admin/admin.js';
import { Cluster } from './cluster.js';

let open: VirtualCluster[] = [];

async function openCluster(...args: Parameters<typeof VirtualCluster.open>) {
  const opened = await VirtualCluster.open(...args);
  open.push(opened.virtual);
  return opened;
}

afterEach(async () => {
  for (const virtual of open) await virtual.stop();
  open = [];
});

describe('Cluster', () => {
  it('learns of the brokers from the first bootstrap address that answers', async () => {
    const { virtual } = await openCluster();
    const dialled: string[] = [];
    const dialer: Dialer = {
      dial: async (host, port, options) => {
        dialled.push(host);
        if (host === 'dead') throw new TransientError('MR_NETWORK_DISCONNECTED', 'nobody there');
        return virtual.broker.dialer().dial(host, port, options);
      },
    };

    const cluster = await virtual.cluster({ bootstrap: ['dead:1', 'alive:2'], dialer });

    expect(dialled.slice(0, 2)).toEqual(['dead', 'alive']);
    expect(cluster.metadataCache.nodeIds).toEqual([1]);
    expect(cluster.features.transactionVersion).toBe(2);
  });

  it('gives up when no broker answers in time, and can be started later', async () => {
    const { virtual } = await openCluster();
    let isUp = false;
    const dialer: Dialer = {
      dial: async (...args) => {
        if (!isUp) throw new TransientError('MR_NETWORK_DISCONNECTED', 'nobody there');
        return virtual.broker.dialer().dial(...args);
      },
    };
    const { clock } = virtual;
    const cluster = new Cluster({ bootstrap: ['memory:0'], clientId: 'spec', dialer, clock, requestTimeoutMs: 5_000 });
    const begunMs = clock.nowMs();

    await expect(virtual.run(cluster.start())).rejects.toMatchObject({
      code: 'MR_BROKER_UNAVAILABLE',
      disposition: 'retry',
      message: 'no broker answers at memory:0',
    });
    expect(clock.nowMs() - begunMs).toBeLessThan(5_000);

    isUp = true;
    await virtual.start(cluster);
    expect(cluster.metadataCache.nodeIds).toEqual([1]);
  });

  it('asks once for what is asked for at the same time', async () => {
    const { virtual, cluster } = await openCluster();
    await virtual.topic(cluster);
    const before = virtual.answered.get('Metadata') ?? 0;

    await virtual.run(Promise.all(Array.from({ length: 20 }, () => cluster.refreshMetadata(['orders']))));

    expect((virtual.answered.get('Metadata') ?? 0) - before).toBe(2);
  });

  it('asks again for all topics when its knowledge has aged', async () => {
    const { virtual, cluster } = await openCluster({ metadataMaxAgeMs: 60_000 });
    await virtual.topic(cluster);
    const other = await virtual.cluster();
    const admin = new Admin(other);
    await virtual.run(admin.deleteTopics(['orders']));
    await virtual.run(admin.createTopics([{ name: 'orders', partitions: 5 }]));
    expect(await cluster.partitionCount('orders')).toBe(1);

    await virtual.pass(60_000);

    expect(await cluster.partitionCount('orders')).toBe(5);
  });

  it('fails a request that is not answered in time, and connects again for the next', async () => {
    const { virtual, cluster } = await openCluster({ requestTimeoutMs: 1_000 });
    virtual.faults.freeze();
    await expect(virtual.run(new Admin(cluster).listTopics())).rejects.toMatchObject({ disposition: 'retry' });
    virtual.faults.thaw();

    expect(await virtual.run(new Admin(cluster).listTopics())).toEqual([]);
  });

  it.each([1, 3])(
    'asks the bootstrap addresses again when no broker that it knows answers, %d callers at a time',
    async (callers) => {
      const time = new VirtualTime();
      const brokers = new ScriptedCluster({ nodes: 5 });
      brokers.members = [2, 3];
      const { clock } = time;
      const cluster = new Cluster({ bootstrap: ['broker-1:9092'], dialer: brokers, clientId: 'spec', clock });
      await time.run(cluster.start());
      // Others have taken their place; the old ones are reached, and are silent.
      brokers.members = [4, 5];
      for (const nodeId of [2, 3]) brokers.silence(nodeId);

      for (let round = 0; round < 6; round++) {
        const asked = Array.from({ length: callers }, () => cluster.requestAny(apis.Metadata, { topics: [] }));
        await time.run(Promise.allSettled([...asked, cluster.refreshMetadata([])]));
      }

      expect(cluster.metadataCache.nodeIds).toEqual([4, 5]);
      await cluster.stop();
    },
  );

  it.each([
    ['its metadata', (cluster: Cluster) => cluster.refreshMetadata([])],
    ['the topics', (cluster: Cluster) => new Admin(cluster).listTopics()],
  ] as const)('begins again at the bootstrap addresses where a broker that is asked for %s says so', async (_, ask) => {
    let brokerId = 2;
    const brokers = new ScriptedCluster({ nodes: 3 }).on(apis.Metadata, (__, nodeId) =>
      nodeId !== 1 && nodeId !== brokerId
        ? { errorCode: ErrorCodes.REBOOTSTRAP_REQUIRED, brokers: [], topics: [] }
        : { brokers: [{ nodeId: brokerId, host: `broker-${brokerId}`, port: 9092, rack: null }], topics: [] },
    );
    const cluster = new Cluster({ bootstrap: ['broker-1:9092'], dialer: brokers, clientId: 'spec', retryBackoffMs: 1 });
    await cluster.start();
    expect(cluster.metadataCache.nodeIds).toEqual([2]);
    brokerId = 3;

    await ask(cluster);

    expect(cluster.metadataCache.nodeIds).toEqual([3]);
    await cluster.stop();
  });

  it('asks a broker that has moved where it was last, while it is no member', async () => {
    const brokers = new ScriptedCluster({ nodes: 3 }).on(apis.Heartbeat, () => ({ errorCode: 0 }));
    const cluster = new Cluster({ bootstrap: ['broker-1:9092'], dialer: brokers, clientId: 'spec' });
    await cluster.start();
    const link = cluster.link(2);
    const ask = () => link.request(apis.Heartbeat, { groupId: 'group', generationId: 1, memberId: 'member' });
    await ask();
    brokers.moveTo(2, 'elsewhere');
    await cluster.refreshMetadata([]);
    await ask();
    brokers.members = [1, 3];
    await cluster.refreshMetadata([]);

    await expect(ask()).resolves.toMatchObject({ errorCode: 0 });
    await cluster.stop();
  });

  it('ends what waits when it is stopped', async () => {
    const { virtual, cluster } = await openCluster();
    const waiting = cluster.partitionCount('nowhere');
    await virtual.settle();

    await cluster.stop();

    await expect(virtual.run(waiting)).rejects.toMatchObject({ code: 'MR_LIFECYCLE_ORDER' });
    expect(() => cluster.link(1)).toThrow(expect.objectContaining({ code: 'MR_LIFECYCLE_ORDER' }));
  });

  it('keeps no timers once it is stopped', async () => {
    const clock = new ManualClock();
    const { virtual } = await openCluster();
    const cluster = new Cluster({ bootstrap: ['memory:0'], clientId: 'spec', clock, dialer: virtual.broker.dialer() });
    await cluster.start();

    await cluster.stop();

    expect(clock.nextTimerMs()).toBeUndefined();
  });
});
