import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AssignorMember } from '@millrace/client';
import { encodeMemberData } from './member-data.js';
import { decodeMemberShare } from './member-share.js';
import { TaskAssignor } from './task-assignor.js';
import { partitionKey, type SubTopologyLayout, type TopicPartition } from './task-layout.js';

const JOIN: SubTopologyLayout = { key: 'flights/0', topics: ['left', 'right'], isStateful: true };
const TOTALS: SubTopologyLayout = { key: 'flights/1', topics: ['app-totals-repartition'], isStateful: true };
const MAP: SubTopologyLayout = { key: 'plain/0', topics: ['raw'], isStateful: false };

const COUNTS = new Map([
  ['left', 4],
  ['right', 4],
  ['app-totals-repartition', 4],
  ['raw', 3],
]);

function member(
  memberId: string,
  ownedPartitions: readonly TopicPartition[] = [],
  topics = [...COUNTS.keys()],
): AssignorMember {
  return {
    memberId,
    topics,
    ownedPartitions,
    generationId: 1,
    userData: encodeMemberData({ processId: memberId, progress: {}, joins: 1 }),
  };
}

type Assignment = Map<string, readonly TopicPartition[]>;

function rebalance(assignor: TaskAssignor, ids: readonly string[], before: Assignment): Assignment {
  const result = assignor.assign(
    ids.map((id) => member(id, before.get(id) ?? [])),
    COUNTS,
  );
  return new Map([...result].map(([id, { partitions }]) => [id, partitions]));
}

/** Runs rounds until nobody has to give up a partition, checking in each that none has two owners. */
function settle(
  assignor: TaskAssignor,
  ids: readonly string[],
  before: Assignment,
): { after: Assignment; rounds: number } {
  let current = before;
  for (let rounds = 1; ; rounds++) {
    const next = rebalance(assignor, ids, current);
    expectSingleOwners(next);
    const revoked = ids.some((id) => {
      const kept = new Set((next.get(id) ?? []).map(text));
      return (current.get(id) ?? []).some((owned) => !kept.has(text(owned)));
    });
    for (const id of ids) expectNothingTakenFromOthers(id, current, next);
    current = next;
    if (rounds > 10) throw new Error('the assignment does not settle');
    if (!revoked) return { after: current, rounds };
  }
}

function text({ topic, partition }: TopicPartition): string {
  return partitionKey(topic, partition);
}

function expectSingleOwners(assignment: Assignment): void {
  const all = [...assignment.values()].flat().map(text);
  expect(new Set(all).size).toBe(all.length);
}

/** What a member newly gets in a round belonged to no other member before it. */
function expectNothingTakenFromOthers(id: string, before: Assignment, after: Assignment): void {
  const others = new Set([...before].filter(([other]) => other !== id).flatMap(([, owned]) => owned.map(text)));
  const clash = (after.get(id) ?? []).filter((each) => others.has(text(each)) && after.has(id));
  expect(clash.filter((each) => !(before.get(id) ?? []).some((own) => text(own) === text(each)))).toEqual([]);
}

function taskCount(partitions: readonly TopicPartition[]): number {
  return partitions.filter(({ topic }) => topic !== 'right').length;
}

describe('TaskAssignor', () => {
  const assignor = new TaskAssignor([JOIN, TOTALS, MAP], {
    acceptableRecoveryLag: 100,
    standbyReplicas: 0,
    maxWarmupReplicas: 2,
    probingRebalanceIntervalMs: 600_000,
  });

  it('tells those that have to let go of a task, and nobody else, that another round is due', () => {
    const owned = [0, 1, 2].map((partition) => ({ topic: 'raw', partition }));
    const ofMaps = new TaskAssignor([MAP], {
      acceptableRecoveryLag: 100,
      standbyReplicas: 0,
      maxWarmupReplicas: 2,
      probingRebalanceIntervalMs: 600_000,
    });
    const isDue = (share: { readonly userData?: Buffer } | undefined): boolean =>
      decodeMemberShare(share?.userData ?? null).isRoundDue === true;

    const first = ofMaps.assign([member('a', owned), member('b')], COUNTS);
    const kept = first.get('a')?.partitions ?? [];
    const second = ofMaps.assign([member('a', kept), member('b')], COUNTS);

    expect([isDue(first.get('a')), isDue(first.get('b'))]).toEqual([true, false]);
    expect([...second.values()].some(isDue)).toBe(false);
  });

  it('gives everything to the only member', () => {
    const { after } = settle(assignor, ['a'], new Map());

    expect(after.get('a')).toHaveLength(4 + 4 + 4 + 3);
  });

  it('puts co-partitioned topics on the same member', () => {
    const { after } = settle(assignor, ['a', 'b', 'c'], new Map());

    for (const owned of after.values()) {
      const left = owned.filter(({ topic }) => topic === 'left').map(({ partition }) => partition);
      const right = owned.filter(({ topic }) => topic === 'right').map(({ partition }) => partition);
      expect(right).toEqual(left);
    }
  });

  it('spreads each sub-topology level over the members', () => {
    const { after } = settle(assignor, ['a', 'b'], new Map());

    for (const owned of after.values()) {
      expect(owned.filter(({ topic }) => topic === 'left')).toHaveLength(2);
      expect(owned.filter(({ topic }) => topic === 'app-totals-repartition')).toHaveLength(2);
    }
  });

  it('moves nothing when the same members rejoin', () => {
    const first = settle(assignor, ['a', 'b'], new Map()).after;

    const again = settle(assignor, ['b', 'a'], first);

    expect(again.rounds).toBe(1);
    for (const [id, owned] of first) {
      expect(new Set(again.after.get(id)?.map(text))).toEqual(new Set(owned.map(text)));
    }
  });

  it('takes from the old members only what the new one needs, and hands it over in the second round', () => {
    const before = settle(assignor, ['a', 'b'], new Map()).after;

    const round = rebalance(assignor, ['a', 'b', 'c'], before);
    const { after } = settle(assignor, ['a', 'b', 'c'], round);

    expect(round.get('c')).toEqual([]);
    expect([...after.values()].map(taskCount).sort()).toEqual([3, 4, 4]);
    for (const id of ['a', 'b']) {
      const had = new Set(before.get(id)?.map(text));
      expect(after.get(id)?.every((each) => had.has(text(each)))).toBe(true);
    }
  });

  it('takes a task that two members claim away from both before it gives it to one', () => {
    const both: TopicPartition[] = [
      { topic: 'left', partition: 0 },
      { topic: 'right', partition: 0 },
    ];
    const before: Assignment = new Map([
      ['a', both],
      ['b', both],
    ]);

    const round = rebalance(assignor, ['a', 'b'], before);

    expect([...round.values()].flat().filter(({ topic, partition }) => topic === 'left' && partition === 0)).toEqual(
      [],
    );
    const { after } = settle(assignor, ['a', 'b'], round);
    expect(
      [...after.values()].flat().filter(({ topic, partition }) => topic === 'left' && partition === 0),
    ).toHaveLength(1);
  });

  it('ignores the claim of a member that missed the last generation', () => {
    const left0: TopicPartition[] = [
      { topic: 'left', partition: 0 },
      { topic: 'right', partition: 0 },
    ];

    const result = assignor.assign(
      [
        { ...member('late', left0), generationId: 3 },
        { ...member('new', left0), generationId: 4 },
      ],
      COUNTS,
    );

    expect(result.get('new')?.partitions.map(text)).toContain('left/0');
  });

  it('gives a member only tasks all of whose topics it reads', () => {
    const result = assignor.assign([member('old', [], ['left', 'raw']), member('new')], COUNTS);

    expect(result.get('old')?.partitions.every(({ topic }) => topic === 'raw')).toBe(true);
    expect(result.get('new')?.partitions.filter(({ topic }) => topic === 'left')).toHaveLength(4);
  });

  it('refuses a group that is shared with another kind of consumer', () => {
    const foreign = { ...member('x'), userData: Buffer.from('??') };

    expect(() => assignor.assign([foreign], COUNTS)).toThrow(/its own applicationId/);
  });

  it('places every task exactly once and level, through any sequence of joins and leaves', () => {
    const membership = fc.array(fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(membership, (steps) => {
        let current: Assignment = new Map();
        for (const ids of steps) {
          const members = new Set<string>(ids);
          const staying: Assignment = new Map([...current].filter(([id]) => members.has(id)));
          current = settle(assignor, ids, staying).after;
          expect([...current.values()].flat()).toHaveLength(15);
          const sizes = [...current.values()].map(taskCount);
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 200 },
    );
  });
});
