import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@millrace/testing';
import { apis, consumerProtocol, errorName, type RequestDraftOf } from '@millrace/protocol';
import type { WireClient } from '../wire-client.js';
import {
  coordinatorsReady,
  createdTopic,
  fresh,
  settled,
  type BrokerUnderTest,
  type StartBroker,
} from './broker-under-test.js';

type JoinDraft = Partial<RequestDraftOf<typeof apis.JoinGroup>>;
type Join = Awaited<ReturnType<typeof joinOnce>>;

/** Apache Kafka reads the subscriptions of groups of type `consumer`, so they must be real ones. */
const SUBSCRIPTION = consumerProtocol.encodeSubscription({ topics: ['anything'] });

const PROTOCOLS = [
  { name: 'range', metadata: SUBSCRIPTION },
  { name: 'round', metadata: SUBSCRIPTION },
];

function joinOnce(client: WireClient, groupId: string, draft: JoinDraft, version: number) {
  const timeouts = { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000 };
  const body = { groupId, memberId: '', protocolType: 'consumer', protocols: PROTOCOLS, ...timeouts, ...draft };
  return client.call(apis.JoinGroup, version, body);
}

export function describeGroups(broker: string, start: StartBroker): void {
  describe(`groups of ${broker}`, () => {
    let running: BrokerUnderTest;
    let client: WireClient;
    let other: WireClient;
    let topic: string;
    let group: string;

    beforeAll(async () => {
      running = await start();
      client = await running.connect();
      await coordinatorsReady(client);
      other = await running.connect();
      topic = await createdTopic(client);
    });
    beforeEach(() => {
      group = fresh('group');
    });
    afterAll(() => running.stop());

    const join = async (draft: JoinDraft = {}, through = client, version = 9): Promise<Join> =>
      settled(
        () => joinOnce(through, group, draft, version),
        (each) => each.errorCode,
      );
    const joinError = async (draft: JoinDraft): Promise<string> => errorName((await join(draft)).errorCode);
    /** Takes a member id and joins with it. */
    const enter = async (through = client, draft: JoinDraft = {}): Promise<Join> => {
      const { memberId } = await join(draft, through);
      return join({ ...draft, memberId }, through);
    };
    const sync = async (
      generationId: number,
      memberId: string,
      assignments: Record<string, string> = {},
      through = client,
      draft = {},
    ) => {
      const body = {
        groupId: group,
        generationId,
        memberId,
        protocolType: 'consumer',
        protocolName: 'range',
        assignments: Object.entries(assignments).map(([id, text]) => ({ memberId: id, assignment: Buffer.from(text) })),
        ...draft,
      };
      const answer = await through.call(apis.SyncGroup, 5, body);
      return answer.errorCode === 0 ? answer.assignment.toString() : errorName(answer.errorCode);
    };
    const heartbeat = async (
      generationId: number,
      memberId: string,
      groupInstanceId: string | null = null,
    ): Promise<string> =>
      errorName(
        (await client.call(apis.Heartbeat, 4, { groupId: group, generationId, memberId, groupInstanceId })).errorCode,
      );
    const commit = async (
      draft: Partial<RequestDraftOf<typeof apis.OffsetCommit>> = {},
      version = 8,
    ): Promise<string> => {
      const partitions = [{ partitionIndex: 0, committedOffset: 3, committedMetadata: null }];
      const body = { groupId: group, memberId: '', topics: [{ name: topic, partitions }], ...draft };
      return errorName((await client.call(apis.OffsetCommit, version, body)).topics[0]!.partitions[0]!.errorCode);
    };
    const stateOf = async (groupId: string): Promise<string> =>
      (await client.call(apis.DescribeGroups, 5, { groups: [groupId] })).groups[0]!.groupState;

    it('give a new member its id first, then a generation', async () => {
      const first = await join();
      expect(errorName(first.errorCode)).toBe('MEMBER_ID_REQUIRED');
      const joined = await join({ memberId: first.memberId });
      expect(joined).toMatchObject({ errorCode: 0, generationId: 1, protocolType: 'consumer', protocolName: 'range' });
      expect(joined.leader).toBe(first.memberId);
      expect(joined.members.map((each) => each.metadata)).toEqual([SUBSCRIPTION]);
      expect(await stateOf(group)).toBe('CompletingRebalance');
      expect(await sync(1, first.memberId, { [first.memberId]: 'all' })).toBe('all');
      expect(await sync(1, first.memberId)).toBe('all');
      expect(await stateOf(group)).toBe('Stable');
    });

    it('let clients before version 4 join at once', async () => {
      const joined = await join({}, client, 3);
      expect(joined).toMatchObject({ errorCode: 0, generationId: 1 });
      expect(joined.memberId).not.toBe('');
    });

    it('refuse joins that cannot be', async () => {
      expect(await joinError({ groupId: '' })).toBe('INVALID_GROUP_ID');
      expect(await joinError({ sessionTimeoutMs: 10 })).toBe('INVALID_SESSION_TIMEOUT');
      expect(await joinError({ protocols: [] })).toBe('INCONSISTENT_GROUP_PROTOCOL');
      expect(await joinError({ protocolType: '' })).toBe('INCONSISTENT_GROUP_PROTOCOL');
      expect(await joinError({ memberId: 'nobody' })).toBe('UNKNOWN_MEMBER_ID');
      await enter();
      expect(await joinError({ protocols: [{ name: 'other', metadata: SUBSCRIPTION }] })).toBe(
        'INCONSISTENT_GROUP_PROTOCOL',
      );
      expect(await joinError({ protocolType: 'connect' })).toBe('INCONSISTENT_GROUP_PROTOCOL');
    });

    it('check member, generation and protocol of each request', async () => {
      const { memberId } = await enter();
      expect(await heartbeat(1, memberId)).toBe('NONE');
      expect(await commit({ generationIdOrMemberEpoch: 1, memberId })).toBe('REBALANCE_IN_PROGRESS');
      expect(await sync(7, memberId)).toBe('ILLEGAL_GENERATION');
      expect(await sync(1, 'nobody')).toBe('UNKNOWN_MEMBER_ID');
      expect(await sync(1, memberId, {}, client, { protocolName: 'other' })).toBe('INCONSISTENT_GROUP_PROTOCOL');
      expect(await sync(1, memberId, {}, client, { protocolName: null })).toBe('INCONSISTENT_GROUP_PROTOCOL');
      expect(await sync(1, memberId, {}, client, { groupId: 'nobodys' })).toBe('UNKNOWN_MEMBER_ID');
      await sync(1, memberId, { [memberId]: 'all' });
      expect(await heartbeat(1, memberId)).toBe('NONE');
      expect(await heartbeat(2, memberId)).toBe('ILLEGAL_GENERATION');
      expect(await heartbeat(1, 'nobody')).toBe('UNKNOWN_MEMBER_ID');
      expect(await heartbeat(1, memberId, 'instance')).toBe('UNKNOWN_MEMBER_ID');
      expect(await commit({ generationIdOrMemberEpoch: 1, memberId })).toBe('NONE');
      expect(await commit({ generationIdOrMemberEpoch: 0, memberId })).toBe('ILLEGAL_GENERATION');
      expect(await commit({ generationIdOrMemberEpoch: 1, memberId: 'nobody' })).toBe('UNKNOWN_MEMBER_ID');
      expect(await commit()).toBe('UNKNOWN_MEMBER_ID');
    });

    it('rebalance when a member comes, and again when one goes', async () => {
      const { memberId: a } = await enter();
      await sync(1, a, { [a]: 'all' });
      const b = (await join({}, other)).memberId;
      const joining = join({ memberId: b }, other);
      await eventually('the group rebalances', async () => (await heartbeat(1, a)) === 'REBALANCE_IN_PROGRESS');
      expect(await commit({ generationIdOrMemberEpoch: 1, memberId: a })).toBe('NONE');
      expect(await sync(1, a)).toBe('REBALANCE_IN_PROGRESS');
      const again = await join({ memberId: a });
      expect(again).toMatchObject({ generationId: 2, leader: a });
      expect(again.members.map((each) => each.memberId).sort()).toEqual([a, b].sort());
      expect(await joining).toMatchObject({ generationId: 2, leader: a, members: [] });
      const following = sync(2, b, {}, other);
      expect(await sync(2, a, { [a]: 'one', [b]: 'two' })).toBe('one');
      expect(await following).toBe('two');
      expect(await join({ memberId: b }, other)).toMatchObject({ errorCode: 0, generationId: 2, members: [] });
      const left = await client.call(apis.LeaveGroup, 5, {
        groupId: group,
        members: [{ memberId: a }, { memberId: 'nobody' }],
      });
      expect(left.members.map((each) => errorName(each.errorCode))).toEqual(['NONE', 'UNKNOWN_MEMBER_ID']);
      expect(await heartbeat(2, b)).toBe('REBALANCE_IN_PROGRESS');
      expect(await join({ memberId: b }, other)).toMatchObject({ generationId: 3, leader: b });
    });

    it('rebalance when the leader joins again', async () => {
      const { memberId } = await enter();
      await sync(1, memberId, { [memberId]: 'all' });
      expect(await join({ memberId })).toMatchObject({ errorCode: 0, generationId: 2 });
    });

    it('are empty when the last member has left, and remember nobody', async () => {
      const { memberId } = await enter();
      await sync(1, memberId, { [memberId]: 'all' });
      await client.call(apis.LeaveGroup, 5, { groupId: group, members: [{ memberId }] });
      expect(await stateOf(group)).toBe('Empty');
      expect(await joinError({ memberId })).toBe('UNKNOWN_MEMBER_ID');
      expect(await commit()).toBe('NONE');
      expect(await stateOf('nobodys')).toBe('Dead');
      const unknown = await client.call(apis.LeaveGroup, 1, { groupId: 'nobodys', memberId });
      expect(errorName(unknown.errorCode)).toBe('UNKNOWN_MEMBER_ID');
    });

    it('let a static member come back without a rebalance, and fence who had its place', async () => {
      const groupInstanceId = 'instance';
      const first = await join({ groupInstanceId });
      await sync(1, first.memberId, { [first.memberId]: 'all' }, client, { groupInstanceId });
      const second = await join({ groupInstanceId });
      expect(second).toMatchObject({ errorCode: 0, generationId: 1, leader: second.memberId, skipAssignment: true });
      expect(await heartbeat(1, first.memberId, groupInstanceId)).toBe('FENCED_INSTANCE_ID');
      expect(await heartbeat(1, first.memberId)).toBe('UNKNOWN_MEMBER_ID');
      const third = await join({ groupInstanceId }, client, 8);
      expect(third).toMatchObject({ errorCode: 0, generationId: 1, leader: second.memberId, members: [] });
      expect(await sync(1, third.memberId, {}, client, { groupInstanceId })).toBe('all');
      const members = [
        { memberId: first.memberId, groupInstanceId },
        { memberId: '', groupInstanceId },
      ];
      const left = await client.call(apis.LeaveGroup, 5, { groupId: group, members });
      expect(left.members.map((each) => errorName(each.errorCode))).toEqual(['FENCED_INSTANCE_ID', 'NONE']);
    });

    it('keep offsets for clients that are no members', async () => {
      expect(await commit()).toBe('NONE');
      const groups = [
        { groupId: group, topics: null },
        { groupId: 'nobodys', topics: null },
      ];
      const found = (await client.call(apis.OffsetFetch, 8, { requireStable: true, groups })).groups;
      expect(found.map((each) => each.topics.map((one) => one.partitions[0]!.committedOffset))).toEqual([[3], []]);
    });

    it('refuse offsets of unknown groups and topics, and overlong metadata', async () => {
      const partition = { partitionIndex: 0, committedOffset: 3, committedMetadata: 'x'.repeat(4097) };
      expect(await commit({ generationIdOrMemberEpoch: 1, memberId: 'x' })).toBe('ILLEGAL_GENERATION');
      expect(await commit({ generationIdOrMemberEpoch: 1, memberId: 'x' }, 9)).toBe('GROUP_ID_NOT_FOUND');
      expect(await commit({ topics: [{ name: topic, partitions: [partition] }] })).toBe('OFFSET_METADATA_TOO_LARGE');
      expect(await commit({ topics: [{ name: 'nowhere', partitions: [partition] }] })).toBe(
        'UNKNOWN_TOPIC_OR_PARTITION',
      );
    });
  });
}
