import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RecordingMember } from '../../test/contract/recording-member.js';
import { VirtualCluster } from '../../test/virtual-cluster.js';
import { Admin } from '../admin/admin.js';
import type { Cluster } from '../cluster/cluster.js';
import { cooperativeStickyAssignor } from './assignors/cooperative-sticky-assignor.js';
import { rangeAssignor } from './assignors/range-assignor.js';
import { GroupMember } from './group-member.js';
import type { GroupMemberOptions } from './group-options.js';

let virtual: VirtualCluster;
let cluster: Cluster;

beforeEach(async () => {
  ({ virtual, cluster } = await VirtualCluster.open());
});
afterEach(() => virtual.stop());

const KAFKA_DEFAULTS = { sessionTimeoutMs: 45_000, heartbeatIntervalMs: 3_000, rebalanceTimeoutMs: 300_000 };

function join(options: Partial<GroupMemberOptions> = {}, at = cluster): Promise<RecordingMember> {
  const required = { groupId: 'group', topics: ['orders'], assignors: [cooperativeStickyAssignor] };
  return virtual.start(new RecordingMember(at, { ...required, ...KAFKA_DEFAULTS, ...options }));
}

describe('GroupMember', () => {
  it('stays a member while its work takes many times its session', async () => {
    await virtual.topic(cluster);
    const member = await join();
    const { promise, resolve } = Promise.withResolvers<void>();
    member.hold = promise;
    await virtual.until('it was assigned', () => member.events.length > 0);

    await virtual.pass(10 * 60_000);
    resolve();
    await virtual.run(member.member.commitOffsets([{ topic: 'orders', partition: 0, offset: 1 }]));

    expect(member.events).toEqual(['assigned p0']);
    expect(virtual.answered.get('Heartbeat')).toBeGreaterThanOrEqual(190);
  });

  it('has its partitions taken away when nothing is heard of it for a session, and not before', async () => {
    await virtual.topic(cluster, 2);
    const silent = await join();
    await virtual.until('it owns all', () => silent.owned.length === 2);
    // On a network of its own, which the faults of the first one do not touch.
    const alive = await join({}, await virtual.cluster({ dialer: virtual.broker.dialer() }));
    await virtual.until('each owns one', () => silent.owned.length === 1 && alive.owned.length === 1);
    virtual.faults.freeze();

    await virtual.pass(40_000);
    expect(alive.owned).toHaveLength(1);
    await virtual.pass(10_000);

    expect(alive.owned).toEqual(['p0', 'p1']);
    virtual.faults.thaw();
    await virtual.until('the silent one has learned of it', () =>
      silent.events.some((event) => event.startsWith('lost')),
    );
  });

  it('takes up partitions that are added to a topic', async () => {
    await virtual.topic(cluster);
    const member = await join();
    await virtual.until('it owns one', () => member.owned.length === 1);
    const admin = new Admin(cluster);
    await virtual.run(admin.deleteTopics(['orders']));
    await virtual.run(admin.createTopics([{ name: 'orders', partitions: 3 }]));

    await virtual.pass(301_000);

    expect(member.owned).toEqual(['p0', 'p1', 'p2']);
  });

  it('takes up a topic again that was away for longer than metadata last', async () => {
    await virtual.topic(cluster);
    const member = await join();
    await virtual.until('it owns one', () => member.owned.length === 1);
    const admin = new Admin(await virtual.cluster());
    await virtual.run(admin.deleteTopics(['orders']));
    await virtual.pass(601_000);
    expect(member.owned).toEqual([]);
    await virtual.run(admin.createTopics([{ name: 'orders', partitions: 2 }]));

    await virtual.pass(601_000);

    expect(member.owned).toEqual(['p0', 'p1']);
  });

  it('takes up partitions that are added to a topic once its leader, a static member, was restarted', async () => {
    await virtual.topic(cluster);
    const options = { instanceId: 'static', assignors: [rangeAssignor] };
    const before = await join(options);
    await virtual.until('it owns one', () => before.owned.length === 1);
    await virtual.run(before.stop());
    const member = await join(options);
    await virtual.until('its successor owns one', () => member.owned.length === 1);
    const admin = new Admin(cluster);
    await virtual.run(admin.deleteTopics(['orders']));
    await virtual.run(admin.createTopics([{ name: 'orders', partitions: 3 }]));

    await virtual.pass(301_000);

    expect(member.owned).toEqual(['p0', 'p1', 'p2']);
  });

  it('keeps trying while the coordinator is out of reach, and loses nothing that is over before its session', async () => {
    await virtual.topic(cluster);
    const member = await join();
    await virtual.until('it owns one', () => member.owned.length === 1);

    for (let outage = 0; outage < 5; outage++) {
      virtual.faults.freeze();
      await virtual.pass(20_000);
      virtual.faults.thaw();
      virtual.faults.cutAll();
      await virtual.pass(20_000);
    }

    expect(member.events).toEqual(['assigned p0']);
  });

  it('revokes what it owns and leaves when it is stopped, so that others need not wait for its session', async () => {
    await virtual.topic(cluster);
    const first = await join({ assignors: [rangeAssignor] });
    await virtual.until('it owns one', () => first.owned.length === 1);
    const second = await join({ assignors: [rangeAssignor] });
    await virtual.until('both have joined', () => second.generations.length === 1);
    const begunMs = virtual.clock.nowMs();
    const owner = first.owned.length === 1 ? first : second;
    const heir = owner === first ? second : first;

    await virtual.run(owner.stop());
    await virtual.until('the other one owns it', () => heir.owned.length === 1);

    expect(owner.events.at(-1)).toBe('revoked p0');
    expect(virtual.clock.nowMs() - begunMs).toBeLessThan(10_000);
  });

  it.each([0, 3, 6, 9, 12])(
    'stops at once while the group waits for a member that is gone, %i turns after it has begun to join',
    async (turns) => {
      await virtual.topic(cluster, 2);
      const gone = await join({ instanceId: 'gone' });
      await virtual.until('it owns all', () => gone.owned.length === 2);
      const began = Promise.withResolvers<void>();
      const gate = Promise.withResolvers<void>();
      let isGated = false;
      const onRejoining = (): Promise<void> => {
        if (!isGated) return Promise.resolve();
        began.resolve();
        return gate.promise;
      };
      const member = await join(
        { instanceId: 'stays', onRejoining },
        await virtual.cluster({ dialer: virtual.broker.dialer() }),
      );
      await virtual.until('each owns one', () => gone.owned.length === 1 && member.owned.length === 1);
      virtual.faults.freeze();
      isGated = true;
      member.member.rejoin('the spec wants it');
      await virtual.run(began.promise);

      gate.resolve();
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      let isStopped = false;
      void member.member.stop().then(() => (isStopped = true));
      await virtual.pass(1_000);

      expect(isStopped).toBe(true);
    },
  );

  it('does not start for a topic that does not exist', async () => {
    const member = new RecordingMember(cluster, { groupId: 'group', topics: ['nowhere'], assignors: [rangeAssignor] });

    await expect(virtual.run(member.start())).rejects.toMatchObject({ code: 'MR_BROKER_REFUSED' });
  });

  it('refuses wrong options all at once', () => {
    const nothing = async (): Promise<void> => undefined;
    const callbacks = { onAssigned: nothing, onRevoked: nothing, onLost: nothing };
    const wrong = { groupId: '', topics: [], assignors: [], heartbeatIntervalMs: 50_000, ...callbacks };

    expect(() => new GroupMember(cluster, wrong)).toThrow(/groupId[^]*topics[^]*assignors[^]*heartbeatIntervalMs/);
  });
});
