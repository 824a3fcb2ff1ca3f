import { describe, expect, it } from '@jest/globals';
import { ManualClock, SeededRandom } from '@millrace/kernel';
import { errorName, type RequestOf, type apis } from '@millrace/protocol';
import { Journal } from '../storage/journal.js';
import { GroupCoordinator } from './group-coordinator.js';
import type { JoinAnswer } from './group-member.js';

const SESSION_MS = 10_000;
const REBALANCE_MS = 30_000;

/** A coordinator whose time stands still until it is moved. */
function coordinator(initialRebalanceDelayMs = 0) {
  const clock = new ManualClock();
  const groups = new GroupCoordinator({ clock, random: new SeededRandom(1), initialRebalanceDelayMs });
  groups.open(Journal.open(undefined, () => {}));

  const join = (memberId: string, draft: Partial<RequestOf<typeof apis.JoinGroup>> & { version?: number } = {}) => {
    const body = {
      groupId: 'g',
      sessionTimeoutMs: SESSION_MS,
      rebalanceTimeoutMs: REBALANCE_MS,
      memberId,
      groupInstanceId: null,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.from('m') }],
      reason: null,
      ...draft,
    };
    return groups.join({ body, apiVersion: draft.version ?? 5, clientId: 'c', clientHost: '/h' });
  };
  const enter = async (draft = {}): Promise<string> => (await join('', draft)).memberId;
  const sync = (generationId: number, memberId: string, assigned: string[] = []) =>
    groups.sync({
      groupId: 'g',
      generationId,
      memberId,
      groupInstanceId: null,
      protocolType: null,
      protocolName: null,
      assignments: assigned.map((each) => ({ memberId: each, assignment: Buffer.from(each) })),
    });
  const heartbeat = (generationId: number, memberId: string): string =>
    errorName(groups.heartbeat({ groupId: 'g', generationId, memberId, groupInstanceId: null }));
  const state = (): string | undefined => groups.group('g')?.state;
  /** One member, stable in generation 1. */
  const stable = async (): Promise<string> => {
    const memberId = await enter();
    await join(memberId);
    await sync(1, memberId, [memberId]);
    return memberId;
  };
  return { clock, groups, join, enter, sync, heartbeat, state, stable };
}

describe('a group in time', () => {
  it('loses a member whose session runs out, and not before', async () => {
    const { clock, heartbeat, state, stable } = coordinator();
    const memberId = await stable();
    clock.advance(SESSION_MS - 1);
    expect(heartbeat(1, memberId)).toBe('NONE');
    clock.advance(SESSION_MS - 1);
    expect(state()).toBe('Stable');
    clock.advance(1);
    expect(heartbeat(1, memberId)).toBe('UNKNOWN_MEMBER_ID');
    expect(state()).toBe('Empty');
  });

  it('forgets a member id that is not used within the session timeout', async () => {
    const { clock, enter, join } = coordinator();
    const memberId = await enter();
    clock.advance(SESSION_MS);
    expect(errorName((await join(memberId)).errorCode)).toBe('UNKNOWN_MEMBER_ID');
  });

  it('takes a newcomer while it waits for an id that was handed out, although all its members are gone', async () => {
    const { clock, groups, enter, join, state, stable } = coordinator();
    await stable();
    const second = await enter();
    void join(second);
    clock.advance(SESSION_MS / 2);
    await enter();
    groups.leave('g', [{ memberId: second, groupInstanceId: null }]);
    clock.advance(SESSION_MS / 2);
    expect(groups.group('g')?.size).toBe(0);
    expect(state()).toBe('PreparingRebalance');

    expect(errorName((await join('', { protocols: [{ name: 'sticky', metadata: Buffer.from('m') }] })).errorCode)).toBe(
      'MEMBER_ID_REQUIRED',
    );
  });

  it('goes on without members that do not join again within the rebalance timeout', async () => {
    const { clock, enter, join, heartbeat, stable } = coordinator();
    const slow = await stable();
    const second = await enter();
    const joining = join(second);
    for (let waited = 0; waited < REBALANCE_MS; waited += 5_000) {
      expect(heartbeat(1, slow)).toBe('REBALANCE_IN_PROGRESS');
      clock.advance(5_000);
    }
    expect(await joining).toMatchObject({ errorCode: 0, generationId: 2, leader: second });
    expect(heartbeat(2, slow)).toBe('UNKNOWN_MEMBER_ID');
  });

  it('removes members that do not ask for their assignment within the rebalance timeout', async () => {
    const { clock, enter, join, sync, heartbeat, stable } = coordinator();
    const first = await stable();
    const second = await enter();
    const joining = join(second);
    const again = join(first);
    await Promise.all([joining, again]);
    await sync(2, first, [first, second]);
    for (let waited = 0; waited < REBALANCE_MS; waited += 5_000) {
      heartbeat(2, first);
      heartbeat(2, second);
      clock.advance(5_000);
    }
    expect(heartbeat(2, second)).toBe('UNKNOWN_MEMBER_ID');
    expect(heartbeat(2, first)).toBe('REBALANCE_IN_PROGRESS');
  });

  it('does not expire members that wait for an answer', async () => {
    const { clock, enter, join, sync, heartbeat, stable } = coordinator();
    const first = await stable();
    const second = await enter();
    const joining = join(second);
    await Promise.all([joining, join(first)]);
    const following = sync(2, second);
    for (let waited = 0; waited < 2 * SESSION_MS; waited += 5_000) {
      expect(heartbeat(2, first)).toBe('NONE');
      clock.advance(5_000);
    }
    await sync(2, first, [first, second]);
    expect(await following).toMatchObject({ errorCode: 0 });
    expect(heartbeat(2, second)).toBe('NONE');
  });

  it('tells waiting followers to join again when a member comes before the leader has assigned', async () => {
    const { enter, join, sync, stable } = coordinator();
    const first = await stable();
    const second = await enter();
    const joining = join(second);
    await Promise.all([joining, join(first)]);
    const following = sync(2, second);
    const third = await enter();
    void join(third);
    expect(errorName((await following).errorCode)).toBe('REBALANCE_IN_PROGRESS');
  });

  it('waits for more members before its first generation when told to', async () => {
    const { clock, enter, join } = coordinator(3_000);
    const first = await enter();
    const second = await enter();
    const joined: Promise<JoinAnswer>[] = [Promise.resolve(join(first))];
    clock.advance(2_000);
    joined.push(Promise.resolve(join(second)));
    clock.advance(1_000);
    clock.advance(3_000);
    const answers = await Promise.all(joined);
    expect(answers.map((each) => each.generationId)).toEqual([1, 1]);
    expect(answers[0]!.members).toHaveLength(2);
  });

  it('keeps the place of a static member until its session runs out', async () => {
    const { clock, groups, join, sync, heartbeat } = coordinator();
    const { memberId } = await join('', { groupInstanceId: 'i' });
    await sync(1, memberId, [memberId]);
    clock.advance(SESSION_MS - 1);
    const back = await join('', { groupInstanceId: 'i' });
    expect(back).toMatchObject({ errorCode: 0, generationId: 1 });
    clock.advance(SESSION_MS - 1);
    expect(heartbeat(1, back.memberId)).toBe('NONE');
    clock.advance(SESSION_MS);
    expect(groups.group('g')?.size).toBe(0);
  });

  it('fences a static member that waits, when another takes its place', async () => {
    const { enter, join, stable } = coordinator();
    await stable();
    const first = join('', { groupInstanceId: 'i' });
    const second = join('', { groupInstanceId: 'i' });
    void enter();
    expect(errorName((await first).errorCode)).toBe('FENCED_INSTANCE_ID');
    void second;
  });

  it('chooses the protocol that most members prefer among those that all can follow', async () => {
    const { enter, join, stable } = coordinator();
    const first = await stable();
    const both = (...names: string[]) => ({ protocols: names.map((name) => ({ name, metadata: Buffer.from(name) })) });
    const second = await enter(both('sticky', 'range'));
    const third = await enter(both('sticky', 'range'));
    const answers = [
      join(second, both('sticky', 'range')),
      join(third, both('sticky', 'range')),
      join(first, both('range', 'sticky')),
    ];
    expect(await answers[0]).toMatchObject({ protocolName: 'sticky' });
  });
});

describe('a group after a restart', () => {
  it('has no members but goes on counting generations', async () => {
    const clock = new ManualClock();
    const groups = new GroupCoordinator({ clock, random: new SeededRandom(1), initialRebalanceDelayMs: 0 });
    groups.apply({ type: 'group', groupId: 'g', generationId: 7, protocolType: 'consumer' });
    groups.open(Journal.open(undefined, () => {}));
    const protocols = [{ name: 'range', metadata: Buffer.from('m') }];
    const body = {
      groupId: 'g',
      sessionTimeoutMs: SESSION_MS,
      rebalanceTimeoutMs: 1,
      memberId: '',
      groupInstanceId: null,
      protocolType: 'consumer',
      protocols,
      reason: null,
    };
    const answer = await groups.join({ body, apiVersion: 3, clientId: 'c', clientHost: '/h' });
    expect(answer.generationId).toBe(8);
    expect([...groups.snapshot()]).toEqual([
      { type: 'group', groupId: 'g', generationId: 8, protocolType: 'consumer' },
    ]);
  });
});
