import { describe, expect, it } from '@jest/globals';
import {
  Admin,
  Consumer,
  cooperativeStickyAssignor,
  rangeAssignor,
  roundRobinAssignor,
  type Assignor,
  type Cluster,
  type GroupMemberOptions,
} from '../../src/index.js';
import { batchOf, eventually, type ContractSession } from './contract-session.js';
import { RecordingMember } from './recording-member.js';

const ASSIGNORS: readonly Assignor[] = [rangeAssignor, roundRobinAssignor, cooperativeStickyAssignor];

/** Brokers refuse shorter ones by default. */
const SHORTEST_SESSION_MS = 6_000;

/** Consumer groups. */
export function describeGroups(session: () => ContractSession): void {
  const join = async (
    cluster: Cluster,
    topic: string,
    assignor: Assignor,
    options: Partial<GroupMemberOptions> = {},
  ): Promise<RecordingMember> =>
    session().start(
      new RecordingMember(cluster, { groupId: `${topic}-group`, topics: [topic], assignors: [assignor], ...options }),
    );
  const owns = (member: RecordingMember, ...partitions: string[]): Promise<void> =>
    eventually(`a member owns ${partitions.join()}`, () => member.owned.join() === partitions.join());

  describe.each(ASSIGNORS)('a group with the assignor $name', (assignor) => {
    it('shares partitions out, and takes back those of a member that leaves', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster, { partitions: 4 });
      const first = await join(cluster, topic, assignor);
      await owns(first, 'p0', 'p1', 'p2', 'p3');
      const second = await join(cluster, topic, assignor);
      await eventually('each owns two', () => first.owned.length === 2 && second.owned.length === 2);
      expect([...first.owned, ...second.owned].sort()).toEqual(['p0', 'p1', 'p2', 'p3']);
      expect(first.member.groupMetadata.generationId).toBe(second.member.groupMetadata.generationId);

      await second.stop();

      await owns(first, 'p0', 'p1', 'p2', 'p3');
      expect(second.owned).toEqual([]);
      expect(first.generations).toEqual(first.generations.toSorted((left, right) => left - right));
    });

    it('gives a partition to one member at a time', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster, { partitions: 6 });
      const members = [await join(cluster, topic, assignor)];
      const sharedTwice = (): boolean => {
        const owned = members.flatMap((member) => member.owned);
        return new Set(owned).size !== owned.length;
      };
      for (let size = 2; size <= 3; size++) {
        members.push(await join(cluster, topic, assignor));
        await eventually('all partitions are shared out evenly', () => {
          expect(sharedTwice()).toBe(false);
          return members.every(({ owned }) => owned.length === 6 / size);
        });
      }
      expect(members.flatMap(({ owned }) => owned).sort()).toEqual(['p0', 'p1', 'p2', 'p3', 'p4', 'p5']);
    });
  });

  describe('a group', () => {
    it('revokes everything before eager members join again', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster, { partitions: 2 });
      const first = await join(cluster, topic, rangeAssignor);
      await owns(first, 'p0', 'p1');
      const second = await join(cluster, topic, rangeAssignor);
      await eventually('each owns one', () => first.owned.length === 1 && second.owned.length === 1);

      expect(first.events.slice(0, 2)).toEqual(['assigned p0 p1', 'revoked p0 p1']);
    });

    it('revokes only what moves from cooperative members', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster, { partitions: 4 });
      const first = await join(cluster, topic, cooperativeStickyAssignor);
      await owns(first, 'p0', 'p1', 'p2', 'p3');
      const second = await join(cluster, topic, cooperativeStickyAssignor);
      await eventually('each owns two', () => first.owned.length === 2 && second.owned.length === 2);

      const revoked = first.events.filter((event) => event.startsWith('revoked'));
      expect(revoked).toEqual([`revoked ${second.owned.join(' ')}`]);
      expect(second.events.filter((event) => event.startsWith('revoked'))).toEqual([]);
    });

    it('waits for onRevoked before it gives the partitions to another member', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster, { partitions: 2 });
      const first = await join(cluster, topic, rangeAssignor);
      await owns(first, 'p0', 'p1');
      const { promise, resolve } = Promise.withResolvers<void>();
      first.hold = promise;
      const second = await join(cluster, topic, rangeAssignor);
      await eventually('the first is asked to give up', () =>
        first.events.some((event) => event.startsWith('revoked')),
      );
      await first.member.commitOffsets([{ topic, partition: 0, offset: 3 }]);
      expect(second.events).toEqual([]);

      resolve();

      await eventually('each owns one', () => first.owned.length === 1 && second.owned.length === 1);
      expect(first.events.filter((event) => event.startsWith('lost'))).toEqual([]);
    });

    it('keeps a member whose onAssigned takes longer than its session', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);
      const member = new RecordingMember(cluster, {
        groupId: `${topic}-group`,
        topics: [topic],
        assignors: [rangeAssignor],
        sessionTimeoutMs: SHORTEST_SESSION_MS,
      });
      member.hold = new Promise((resolve) => setTimeout(resolve, SHORTEST_SESSION_MS * 1.3));
      await session().start(member);
      await eventually('it was assigned', () => member.events.length > 0);

      await member.hold;
      await member.member.commitOffsets([{ topic, partition: 0, offset: 1 }]);

      expect(member.events).toEqual(['assigned p0']);
    });

    it('goes on without a member that it hears nothing from; that one learns of its loss and joins again', async () => {
      const [silent, other] = [await session().cluster({ requestTimeoutMs: 3_000 }), await session().cluster()];
      const topic = await session().topic(other.cluster, { partitions: 2 });
      const lost = await join(silent.cluster, topic, cooperativeStickyAssignor);
      const alive = await join(other.cluster, topic, cooperativeStickyAssignor);
      await eventually('each owns one', () => lost.owned.length === 1 && alive.owned.length === 1);
      const stale = lost.member.groupMetadata;

      silent.faults.freeze();
      await owns(alive, 'p0', 'p1');
      silent.faults.thaw();
      await eventually('the silent member learns of it', () => lost.events.some((event) => event.startsWith('lost')));

      await eventually('each owns one again', () => lost.owned.length === 1 && alive.owned.length === 1);
      expect(lost.member.groupMetadata.generationId).toBeGreaterThan(stale.generationId);
    });

    it('refuses to commit offsets of a generation that is over', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster, { partitions: 2 });
      const first = await join(cluster, topic, rangeAssignor);
      await owns(first, 'p0', 'p1');
      const offsets = [{ topic, partition: 0, offset: 4, leaderEpoch: 0, metadata: 'note' }];
      await first.member.commitOffsets(offsets);
      expect(await first.member.committedOffsets([{ topic, partition: 0 }])).toEqual(offsets);

      const zombie = { ...first.member.groupMetadata };
      await first.stop();

      expect(first.member.groupMetadata).toEqual(zombie);
      await expect(first.member.commitOffsets([{ topic, partition: 0, offset: 5 }])).rejects.toMatchObject({
        code: 'MR_GROUP_REBALANCED',
        disposition: 'restart-task',
      });
      const committed = await new Admin(cluster).committedOffsets(zombie.groupId, [{ topic, partition: 0 }]);
      expect(committed).toEqual(offsets);
    });

    it('hands what members and assignor tell each other to the other side', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);
      const echo: Assignor = {
        name: 'echo',
        protocol: 'eager',
        assign: (members) =>
          new Map(
            members.map(({ memberId, userData }) => [
              memberId,
              { partitions: [], userData: Buffer.from(`${userData?.toString()} heard`) },
            ]),
          ),
      };
      const member = await join(cluster, topic, echo, { userData: () => Buffer.from('said') });

      await eventually('it hears the answer', () => member.userData?.toString() === 'said heard');
    });

    it('assigns anew when a member asks for it', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);
      const member = await join(cluster, topic, cooperativeStickyAssignor);
      await owns(member, 'p0');

      member.member.rejoin('the test asks for it');

      await eventually('there is another generation', () => member.generations.length === 2);
      expect(member.events).toEqual(['assigned p0', 'assigned']);
    });

    it('tells a member to prepare before each joining, while it still owns its partitions', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);
      const owned: string[] = [];
      const started: RecordingMember[] = [];
      const onRejoining = async (): Promise<void> => void owned.push(started[0]?.owned.join() ?? 'not started');
      const member = await join(cluster, topic, cooperativeStickyAssignor, { onRejoining });
      started.push(member);
      await owns(member, 'p0');

      member.member.rejoin('the test asks for it');

      await eventually('it has prepared again', () => owned.length === 2);
      expect(owned).toEqual(['not started', 'p0']);
    });

    it('ends a member whose callback has thrown', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);
      const member = await join(cluster, topic, rangeAssignor, {
        onAssigned: async () => Promise.reject(new Error('no room')),
      });

      await eventually('it has failed', () => member.failure !== undefined);
      expect(member.failure?.message).toBe('no room');
      expect(member.member.isMember).toBe(false);
    });
  });

  describe('a static member', () => {
    it('takes its partitions up again after a restart, without a rebalance for the others', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster, { partitions: 2 });
      const other = await join(cluster, topic, rangeAssignor, { instanceId: 'other' });
      const restarted = await join(cluster, topic, rangeAssignor, { instanceId: 'restarted' });
      await eventually('each owns one', () => other.owned.length === 1 && restarted.owned.length === 1);
      const before = { owned: restarted.owned, generations: other.generations.length };

      await restarted.stop();
      const again = await join(cluster, topic, rangeAssignor, { instanceId: 'restarted' });

      await owns(again, ...before.owned);
      expect(other.generations).toHaveLength(before.generations);
    });

    it('is fenced by another one with the same instance id', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);
      const older = await join(cluster, topic, rangeAssignor, { instanceId: 'same' });
      await owns(older, 'p0');
      const newer = await join(cluster, topic, rangeAssignor, { instanceId: 'same' });
      await owns(newer, 'p0');

      await eventually('the older one is fenced', () => older.failure !== undefined);

      expect(older.failure).toMatchObject({ code: 'MR_TASK_FENCED', disposition: 'stop-app' });
      expect(older.owned).toEqual([]);
      expect(older.events.at(-1)).toBe('lost p0');
    });
  });

  describe('a consumer', () => {
    it('reads everything, commits, and goes on from there', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster, { partitions: 3 });
      const producer = await session().producer(cluster);
      const seen: string[] = [];
      const consumer = (): Promise<Consumer> =>
        session().start(
          new Consumer(cluster, {
            groupId: `${topic}-group`,
            topics: [topic],
            fetch: { maxWaitMs: 50 },
            eachBatch: (records) => {
              while (records.nextRecord()) seen.push(records.cursor.value()?.toString() ?? '');
            },
          }),
        );
      for (let index = 0; index < 30; index++) void producer.send(topic, index % 3, batchOf(`${index}`));
      const first = await consumer();
      await eventually('it has read all', () => seen.length === 30);
      await first.stop();

      for (let index = 30; index < 40; index++) void producer.send(topic, index % 3, batchOf(`${index}`));
      await consumer();
      await eventually('another one has read the rest', () => seen.length >= 40);

      expect(seen.sort((left, right) => Number(left) - Number(right))).toEqual(
        Array.from({ length: 40 }, (_, index) => `${index}`),
      );
    });
  });
}
