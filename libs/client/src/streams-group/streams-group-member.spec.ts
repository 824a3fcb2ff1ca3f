import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SeededRandom } from '@millrace/kernel';
import { ErrorCodes } from '@millrace/protocol';
import { ScriptedCoordinator, tasks } from '../../test/scripted-coordinator.js';
import { VirtualCluster } from '../../test/virtual-cluster.js';
import { VirtualTime } from '../../test/virtual-time.js';
import { Cluster } from '../cluster/cluster.js';
import type { TopicPartition } from '../metadata/topic-metadata.js';
import { StreamsGroupMember } from './streams-group-member.js';
import type { StreamsAssignment, StreamsGroupMemberOptions, StreamsTaskOffset } from './streams-group-options.js';
import { STREAMS_STATUS } from './streams-heartbeat.js';

const SUBTOPOLOGY = {
  id: '0',
  sourceTopics: ['orders', 'customers'],
  changelogs: [{ name: 'app-counts-changelog', configs: { 'cleanup.policy': 'compact' } }],
  copartitionGroups: [['orders', 'customers']],
};

let time: VirtualTime;
let coordinator: ScriptedCoordinator;
let cluster: Cluster;
let member: StreamsGroupMember;
let events: string[];
let infos: StreamsAssignment[];
let failures: Error[];
/** Awaited at the end of each callback. */
let hold: Promise<void>;
let offsets: StreamsTaskOffset[];

const note = async (event: string, partitions: readonly TopicPartition[]): Promise<void> => {
  events.push([event, ...partitions.map(({ partition }) => `p${partition}`)].join(' '));
  await hold;
};

const make = (options: Partial<StreamsGroupMemberOptions> = {}): StreamsGroupMember =>
  new StreamsGroupMember(cluster, {
    ...{ groupId: 'app', processId: 'process-1', rack: 'zone-a', rebalanceTimeoutMs: 60_000 },
    subtopologies: [SUBTOPOLOGY],
    partitionsOf: (all) => all.map(({ partition }) => ({ topic: 'orders', partition })),
    taskOffsets: () => offsets,
    onAssigned: (partitions, info) => {
      infos.push(info);
      return note('assigned', partitions);
    },
    onRevoked: (partitions) => note('revoked', partitions),
    onLost: (partitions) => note('lost', partitions),
    onFailed: (error) => failures.push(error),
    ...options,
  });

beforeEach(async () => {
  time = new VirtualTime();
  coordinator = new ScriptedCoordinator();
  cluster = new Cluster({
    ...{ bootstrap: ['broker-1:9092'], clientId: 'spec', dialer: coordinator.cluster, clock: time.clock },
    ...{ random: new SeededRandom(1), requestTimeoutMs: 10_000 },
  });
  [events, infos, failures, offsets, hold] = [[], [], [], [], Promise.resolve()];
  await time.run(cluster.start());
  member = make();
});
afterEach(async () => {
  await time.run(member.stop());
  await time.run(cluster.stop());
});

const { promise: never } = Promise.withResolvers<never>();
const heard = (count: number): Promise<void> =>
  time.until(`${count} heartbeats were heard`, () => coordinator.heartbeats.length >= count);

/** A member that owns tasks, and has told so. */
async function joined(...partitions: number[]): Promise<void> {
  coordinator.says({ memberEpoch: 1, activeTasks: tasks(...partitions) });
  await time.run(member.start());
  await heard(2);
  await time.settle();
}

/** What heartbeats say besides who is there: null is "as before". */
const told = ({ memberEpoch, activeTasks }: (typeof coordinator.heartbeats)[number]) => ({ memberEpoch, activeTasks });

describe('a member of a streams group', () => {
  it('is refused by a cluster that has none, with the remedy', async () => {
    const { virtual, cluster: old } = await VirtualCluster.open();
    const outsider = new StreamsGroupMember(old, {
      ...{ groupId: 'orders', processId: 'process', subtopologies: [], partitionsOf: () => [] },
      ...{ onAssigned: () => never, onRevoked: () => never, onLost: () => never },
    });

    await expect(outsider.start()).rejects.toMatchObject({
      code: 'MR_PROTOCOL_UNSUPPORTED',
      disposition: 'stop-app',
      message: expect.stringContaining('streams.version') as unknown,
    });
    await outsider.stop();
    await virtual.stop();
  });

  it('joins with all that the coordinator must know, takes its first tasks and tells that it owns them', async () => {
    expect(member.groupMetadata).toEqual({ groupId: 'app', generationId: -1, memberId: '' });

    await joined(0, 2);

    const [first, second] = coordinator.heartbeats;
    expect(first).toMatchObject({
      ...{ groupId: 'app', memberEpoch: 0, processId: 'process-1', rackId: 'zone-a', rebalanceTimeoutMs: 60_000 },
      ...{ activeTasks: [], standbyTasks: [], warmupTasks: [], clientTags: [] },
      topology: {
        epoch: 0,
        subtopologies: [
          {
            ...{ subtopologyId: '0', sourceTopics: ['orders', 'customers'] },
            stateChangelogTopics: [
              { name: 'app-counts-changelog', topicConfigs: [{ key: 'cleanup.policy', value: 'compact' }] },
            ],
            copartitionGroups: [{ sourceTopics: [0, 1] }],
          },
        ],
      },
    });
    expect(first?.memberId).toMatch(/^[\w-]{22}$/);
    expect(second).toMatchObject({ memberId: first?.memberId, memberEpoch: 1, activeTasks: tasks(0, 2) });
    expect(second).toMatchObject({ topology: null, processId: null, rackId: null, rebalanceTimeoutMs: -1 });
    expect(events).toEqual(['assigned p0 p2']);
    expect(member.isMember).toBe(true);
    expect(member.assignment).toEqual([0, 2].map((partition) => ({ topic: 'orders', partition })));
    expect(member.groupMetadata).toEqual({ groupId: 'app', generationId: 1, memberId: first?.memberId });
  });

  it('hears too that there is nothing for it to do', async () => {
    await joined();

    expect(events).toEqual(['assigned']);
  });

  it('sends heartbeats as often as the last answer asks for, saying only that it is there', async () => {
    await joined(0);
    await time.pass(25_000);
    expect(coordinator.heartbeats).toHaveLength(2 + 5);
    coordinator.heartbeatIntervalMs = 1_000;
    await heard(8);

    await time.pass(10_000);

    expect(coordinator.heartbeats).toHaveLength(8 + 10);
    const silent = { activeTasks: null, standbyTasks: null, warmupTasks: null, taskOffsets: null, topology: null };
    for (const each of coordinator.heartbeats.slice(2)) expect(each).toMatchObject({ memberEpoch: 1, ...silent });
  });

  it('takes what is added with the next epoch, keeps what it had, and tells at once that it owns all', async () => {
    await joined(0);
    coordinator.says({ memberEpoch: 2, activeTasks: tasks(0, 1) });
    await heard(3);
    const atMs = time.clock.nowMs();
    await heard(4);

    expect(time.clock.nowMs()).toBe(atMs);
    expect(events).toEqual(['assigned p0', 'assigned p1']);
    expect(told(coordinator.last)).toEqual({ memberEpoch: 2, activeTasks: tasks(0, 1) });
    expect(infos.map(({ memberEpoch }) => memberEpoch)).toEqual([1, 2]);
    expect(member.groupMetadata.generationId).toBe(2);
  });

  it('takes up an epoch that changes none of its tasks without a word', async () => {
    await joined(0);
    coordinator.says({ memberEpoch: 2 });

    await heard(4);

    expect(events).toEqual(['assigned p0']);
    expect(told(coordinator.last)).toEqual({ memberEpoch: 2, activeTasks: null });
  });

  it('is not disturbed by an answer that repeats what it owns', async () => {
    await joined(0);
    coordinator.says({ activeTasks: tasks(0), standbyTasks: [], warmupTasks: [] });
    await heard(3);

    await time.pass(9_000);

    expect(events).toEqual(['assigned p0']);
    expect(coordinator.heartbeats).toHaveLength(4);
  });

  it('tells that it has given a task up only after its work on it has ended, and the epoch comes after that', async () => {
    await joined(0, 1);
    const gate = Promise.withResolvers<void>();
    hold = gate.promise;
    coordinator.says({ memberEpoch: 1, activeTasks: tasks(0) });
    await time.until('it is asked to give one up', () => events.length === 2);
    await time.pass(20_000);

    expect(events).toEqual(['assigned p0 p1', 'revoked p1']);
    expect(member.assignment).toHaveLength(2);
    for (const each of coordinator.heartbeats.slice(2))
      expect(told(each)).toEqual({ memberEpoch: 1, activeTasks: null });
    expect(coordinator.heartbeats.length).toBeGreaterThanOrEqual(6);

    coordinator.says({ memberEpoch: 2 });
    const heartbeats = coordinator.heartbeats.length;
    gate.resolve();
    await heard(heartbeats + 2);

    expect(told(coordinator.heartbeats[heartbeats]!)).toEqual({ memberEpoch: 1, activeTasks: tasks(0) });
    expect(told(coordinator.heartbeats[heartbeats + 1]!)).toEqual({ memberEpoch: 2, activeTasks: null });
    expect(events).toEqual(['assigned p0 p1', 'revoked p1', 'assigned']);
    expect(member.assignment).toEqual([{ topic: 'orders', partition: 0 }]);
  });

  it('says which stores it is to keep up to date without working on them, warm-ups as well as standbys', async () => {
    await joined(0);
    coordinator.says({ memberEpoch: 2, activeTasks: tasks(0), standbyTasks: tasks(1), warmupTasks: tasks(2) });

    await heard(4);

    expect(events).toEqual(['assigned p0', 'assigned']);
    expect(infos.at(-1)?.followed).toEqual([1, 2].map((partition) => ({ subtopologyId: '0', partition })));
    expect(coordinator.last).toMatchObject({ standbyTasks: tasks(1), warmupTasks: tasks(2) });
  });

  it.each(['FENCED_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID'] as const)(
    'that is answered with %s has lost its tasks, and begins again under its name once its work on them has ended',
    async (code) => {
      await joined(0, 1);
      const { memberId } = member.groupMetadata;
      const gate = Promise.withResolvers<void>();
      hold = gate.promise;
      coordinator.says({ errorCode: ErrorCodes[code] }, { memberEpoch: 7, activeTasks: tasks(1) });
      await time.until('it hears of it', () => events.length === 2);
      await time.pass(20_000);

      expect(events).toEqual(['assigned p0 p1', 'lost p0 p1']);
      expect(coordinator.heartbeats).toHaveLength(3);
      expect([member.isMember, member.assignment]).toEqual([false, []]);
      // A zombie must be fenced, not taken for an outsider.
      expect(member.groupMetadata).toEqual({ groupId: 'app', generationId: 1, memberId });

      gate.resolve();
      await heard(5);
      expect(coordinator.heartbeats[3]).toMatchObject({
        ...{ memberId, memberEpoch: 0, activeTasks: [], standbyTasks: [], warmupTasks: [] },
        ...{ processId: 'process-1', topology: { subtopologies: [{ subtopologyId: '0' }] } },
      });
      expect(told(coordinator.heartbeats[4]!)).toEqual({ memberEpoch: 7, activeTasks: tasks(1) });
      expect(events).toEqual(['assigned p0 p1', 'lost p0 p1', 'assigned p1']);
      expect(member.groupMetadata).toEqual({ groupId: 'app', generationId: 7, memberId });
    },
  );

  it.each([
    ['NOT_COORDINATOR', 2],
    ['COORDINATOR_NOT_AVAILABLE', 2],
    ['COORDINATOR_LOAD_IN_PROGRESS', 1],
  ] as const)('that is answered with %s tries again, at node %i, and tells all that it owns', async (code, nodeId) => {
    await joined(0);
    const { lookups } = coordinator;
    coordinator.coordinatorId = 2;
    coordinator.says({ errorCode: ErrorCodes[code] }, { errorCode: ErrorCodes[code] });

    await heard(6);

    expect(coordinator.heartbeats.slice(2).map((each) => each.nodeId)).toEqual([1, nodeId, nodeId, nodeId]);
    expect(coordinator.lookups > lookups).toBe(nodeId === 2);
    const tries = coordinator.heartbeats.slice(2, 6).map(told);
    expect(tries.map(({ memberEpoch }) => memberEpoch)).toEqual([1, 1, 1, 1]);
    expect(tries.map(({ activeTasks }) => activeTasks)).toEqual([null, tasks(0), tasks(0), null]);
    expect(events).toEqual(['assigned p0']);
  });

  it('tells all again after a heartbeat of which nobody knows whether it arrived', async () => {
    await joined(0);
    coordinator.says(never, { memberEpoch: 2, activeTasks: tasks(0, 1) });
    await heard(3);
    coordinator.cluster.cut(1);

    await heard(5);

    expect(told(coordinator.heartbeats[3]!)).toEqual({ memberEpoch: 1, activeTasks: tasks(0) });
    expect(told(coordinator.heartbeats[4]!)).toEqual({ memberEpoch: 2, activeTasks: tasks(0, 1) });
    expect(events).toEqual(['assigned p0', 'assigned p1']);
  });

  describe('whose coordinator has named other tasks in an answer that was lost, and names them once', () => {
    /** One whose next answer has named tasks 0 and 1, and has not come. */
    async function deprived(): Promise<void> {
      await joined(0);
      coordinator.says(never);
      await heard(3);
      coordinator.cluster.cut(1);
    }

    it('asks for them, takes them, and asks no more', async () => {
      await deprived();
      coordinator.has = { memberEpoch: 1, activeTasks: tasks(0, 1) };
      coordinator.says({});

      await heard(5);
      await time.pass(30_000);

      expect(events).toEqual(['assigned p0', 'assigned p1']);
      expect(told(coordinator.heartbeats[3]!)).toEqual({ memberEpoch: 1, activeTasks: tasks(0) });
      expect(told(coordinator.heartbeats[4]!)).toEqual({ memberEpoch: 1, activeTasks: tasks(0, 1) });
      expect(coordinator.descriptions).toBe(1);
    });

    it('gives up what was taken from it', async () => {
      await joined(0, 1);
      coordinator.says(never);
      await heard(3);
      coordinator.cluster.cut(1);
      coordinator.has = { memberEpoch: 1, activeTasks: tasks(1) };

      await heard(5);

      expect(events).toEqual(['assigned p0 p1', 'revoked p0', 'assigned']);
      expect(told(coordinator.last)).toEqual({ memberEpoch: 1, activeTasks: tasks(1) });
    });

    it('asks again where that was refused for a moment', async () => {
      await deprived();
      coordinator.has = { memberEpoch: 1, activeTasks: tasks(0, 1) };
      coordinator.refusesToDescribe(ErrorCodes.COORDINATOR_LOAD_IN_PROGRESS);

      await time.until('it has both', () => member.assignment.length === 2);

      expect(coordinator.descriptions).toBe(2);
      expect(events).toEqual(['assigned p0', 'assigned p1']);
    });

    it('takes nothing that is told of another epoch, and asks again', async () => {
      await deprived();
      coordinator.has = { memberEpoch: 7, activeTasks: tasks(2) };
      await time.until('it was told', () => coordinator.descriptions > 0);
      const asked = coordinator.descriptions;
      expect(events).toEqual(['assigned p0']);

      coordinator.says({ memberEpoch: 8, activeTasks: tasks(0, 3) });
      await time.until('it has both', () => member.assignment.length === 2);
      await time.pass(30_000);

      expect(coordinator.descriptions).toBe(asked);
      expect(events).toEqual(['assigned p0', 'assigned p3']);
    });

    it('ends with the reason where it may not ask', async () => {
      await deprived();
      coordinator.refusesToDescribe(ErrorCodes.GROUP_AUTHORIZATION_FAILED);

      await time.until('it has failed', () => failures.length > 0);

      expect(failures[0]?.message).toMatch(/StreamsGroupDescribe of 'app'.*GROUP_AUTHORIZATION_FAILED/);
      expect(coordinator.last.memberEpoch).toBe(-1);
    });
  });

  it('sends a heartbeat at once when it is asked for, with all that it owns', async () => {
    await joined(0);
    const atMs = time.clock.nowMs();

    member.rejoin();
    await heard(3);

    expect(time.clock.nowMs()).toBe(atMs);
    expect(told(coordinator.last)).toEqual({ memberEpoch: 1, activeTasks: tasks(0) });
  });

  it('tells how far its stores are, as often as the coordinator wants to know and no more often', async () => {
    await joined(0);
    offsets = [{ subtopologyId: '0', partition: 0, position: 5, end: 9 }];
    coordinator.taskOffsetIntervalMs = 10_000;
    const tells = (): number => coordinator.heartbeats.filter(({ taskOffsets }) => taskOffsets !== null).length;
    await heard(4);

    await time.pass(29_000);

    expect(tells()).toBe(3);
    const place = { subtopologyId: '0', partition: 0 };
    expect(coordinator.heartbeats.find(({ taskOffsets }) => taskOffsets !== null)).toMatchObject({
      taskOffsets: [{ ...place, offset: 5 }],
      taskEndOffsets: [{ ...place, offset: 9 }],
    });
  });
});

describe('a member of a streams group that leaves', () => {
  it('gives up what it owns first, then says so with epoch -1', async () => {
    await joined(0, 1);
    const gate = Promise.withResolvers<void>();
    hold = gate.promise;
    const stopped = member.stop();
    await time.until('it is asked to give all up', () => events.length === 2);

    expect(events).toEqual(['assigned p0 p1', 'revoked p0 p1']);
    expect(coordinator.heartbeats).toHaveLength(2);
    gate.resolve();
    await time.run(stopped);

    expect(coordinator.last).toMatchObject({ memberId: coordinator.heartbeats[0]?.memberId, memberEpoch: -1 });
    expect(coordinator.heartbeats).toHaveLength(3);
    await time.pass(60_000);
    expect(coordinator.heartbeats).toHaveLength(3);
  });

  it('says so too while the answer to its joining is still to come', async () => {
    coordinator.says(never);
    await time.run(member.start());
    await heard(1);

    await time.run(member.stop());

    expect(coordinator.heartbeats.map(({ memberEpoch }) => memberEpoch)).toEqual([0, -1]);
    expect(events).toEqual([]);
  });

  it('does so also where nobody listens to it', async () => {
    await joined(0);
    coordinator.cluster.takeDown(1);
    coordinator.cluster.takeDown(2);

    await time.run(member.stop());

    expect(events).toEqual(['assigned p0', 'revoked p0']);
  });

  it('can join again', async () => {
    await joined(0);
    await time.run(member.stop());
    coordinator.says({ memberEpoch: 4, activeTasks: tasks(1) });

    await time.run(member.start());
    await heard(5);

    expect(coordinator.heartbeats.map(({ memberEpoch }) => memberEpoch)).toEqual([0, 1, -1, 0, 4]);
    expect(events).toEqual(['assigned p0', 'revoked p0', 'assigned p1']);
  });
});

describe('a member of a streams group that cannot go on', () => {
  it.each([
    ['STREAMS_INVALID_TOPOLOGY', /one topology at a time/],
    ['STREAMS_TOPOLOGY_FENCED', /newer topology/],
    ['GROUP_ID_NOT_FOUND', /another protocol/],
    ['GROUP_AUTHORIZATION_FAILED', /not allowed here/],
  ] as const)('says why and what to do, and leaves: %s', async (code, words) => {
    await joined(0);
    coordinator.says({ errorCode: ErrorCodes[code], errorMessage: 'not allowed here' });

    await time.until('it has failed', () => failures.length > 0);

    expect(failures[0]).toMatchObject({ code: 'MR_BROKER_REFUSED', disposition: 'stop-app' });
    expect(failures[0]?.message).toMatch(words);
    expect(failures[0]?.message).toContain(code);
    await time.pass(60_000);
    expect(coordinator.heartbeats.map(({ memberEpoch }) => memberEpoch)).toEqual([0, 1, 1, -1]);
    expect([member.isMember, member.assignment]).toEqual([false, []]);
  });

  it.each([
    ['STALE_TOPOLOGY', /newer topology/],
    ['INCORRECTLY_PARTITIONED_TOPICS', /not the partitions/],
    ['SHUTDOWN_APPLICATION', /whole application/],
  ] as const)('learns it from the status of the group: %s', async (status, words) => {
    await joined(0);
    coordinator.says({ status: [{ statusCode: STREAMS_STATUS[status], statusDetail: 'customers' }] });

    await time.until('it has failed', () => failures.length > 0);

    expect(failures[0]).toMatchObject({ code: 'MR_BROKER_REFUSED', disposition: 'stop-app' });
    expect(failures[0]?.message).toMatch(words);
    expect(failures[0]?.message).toContain('(customers)');
    expect(coordinator.last.memberEpoch).toBe(-1);
  });

  it('waits for topics that the coordinator may not have heard of, as long as a request may take', async () => {
    const missing = { status: [{ statusCode: STREAMS_STATUS.MISSING_SOURCE_TOPICS, statusDetail: 'customers' }] };
    coordinator.says({ memberEpoch: 1, activeTasks: [], ...missing }, missing, {
      memberEpoch: 2,
      activeTasks: tasks(0),
    });
    await time.run(member.start());
    await time.until('it has tasks', () => member.assignment.length > 0);
    expect(failures).toEqual([]);

    coordinator.says(...Array.from({ length: 10 }, () => missing));
    const beganMs = time.clock.nowMs();
    await time.until('it has failed', () => failures.length > 0);

    expect(time.clock.nowMs() - beganMs).toBeGreaterThanOrEqual(10_000);
    expect(failures[0]).toMatchObject({ code: 'MR_BROKER_REFUSED', disposition: 'stop-app' });
    expect(failures[0]?.message).toMatch(/create them \(customers\)/);
    expect(coordinator.last.memberEpoch).toBe(-1);
  });

  it.each(['MISSING_INTERNAL_TOPICS', 'ASSIGNMENT_DELAYED'] as const)(
    'is none where the coordinator is only not ready: %s',
    async (status) => {
      const waits = {
        memberEpoch: 1,
        activeTasks: [],
        status: [{ statusCode: STREAMS_STATUS[status], statusDetail: '' }],
      };
      coordinator.says(waits, waits, { memberEpoch: 2, activeTasks: tasks(0) });
      await time.run(member.start());

      await time.until('it has tasks', () => member.assignment.length > 0);

      expect(failures).toEqual([]);
      expect(events.at(-1)).toBe('assigned p0');
    },
  );

  it('is one whose work has failed', async () => {
    const failure = new Error('no storage');
    member = make({ onAssigned: () => Promise.reject(failure) });
    coordinator.says({ memberEpoch: 1, activeTasks: tasks(0) });
    await time.run(member.start());

    await time.until('it has failed', () => failures.length > 0);

    expect(failures).toEqual([failure]);
    expect(coordinator.heartbeats.map(({ memberEpoch }) => memberEpoch)).toEqual([0, -1]);
  });

  it('does not join anew when its work on what it has lost has failed', async () => {
    const failure = new Error('no storage');
    member = make({ onLost: () => Promise.reject(failure) });
    await joined(0);
    coordinator.says({ errorCode: ErrorCodes.FENCED_MEMBER_EPOCH });

    await time.until('it has failed', () => failures.length > 0);

    expect(failures).toEqual([failure]);
    expect(coordinator.heartbeats.map(({ memberEpoch }) => memberEpoch)).toEqual([0, 1, 1, -1]);
  });

  it('leaves only when its work has ended, and is given nothing more', async () => {
    await joined(0, 1);
    const gate = Promise.withResolvers<void>();
    hold = gate.promise;
    coordinator.says(
      { memberEpoch: 1, activeTasks: tasks(0) },
      { status: [{ statusCode: STREAMS_STATUS.SHUTDOWN_APPLICATION, statusDetail: '' }] },
    );
    await heard(4);
    await time.pass(20_000);
    expect([events.at(-1), failures, coordinator.last.memberEpoch]).toEqual(['revoked p1', [], 1]);

    gate.resolve();
    await time.until('it has failed', () => failures.length > 0);

    expect(coordinator.last.memberEpoch).toBe(-1);
    await time.run(member.stop());
    expect(events).toEqual(['assigned p0 p1', 'revoked p1']);
  });
});
