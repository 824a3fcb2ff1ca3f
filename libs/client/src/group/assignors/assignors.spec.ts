import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { partitionKey, type TopicPartition } from '../../metadata/topic-metadata.js';
import type { Assignor, AssignorMember } from './assignor.js';
import { cooperativeStickyAssignor } from './cooperative-sticky-assignor.js';
import { rangeAssignor } from './range-assignor.js';
import { roundRobinAssignor } from './round-robin-assignor.js';

type Shares = Map<string, readonly TopicPartition[]>;

function member(
  memberId: string,
  topics: readonly string[],
  owned: readonly TopicPartition[] = [],
  generationId = 1,
): AssignorMember {
  return { memberId, topics, userData: null, ownedPartitions: owned, generationId };
}

function assign(assignor: Assignor, members: readonly AssignorMember[], counts: ReadonlyMap<string, number>): Shares {
  return new Map([...assignor.assign(members, counts)].map(([memberId, { partitions }]) => [memberId, partitions]));
}

/** Rebalances until nothing moves any more, as members of a group do. */
function settle(
  members: readonly AssignorMember[],
  counts: ReadonlyMap<string, number>,
): { shares: Shares; rounds: number } {
  let current = members;
  for (let rounds = 1; ; rounds++) {
    const shares = assign(cooperativeStickyAssignor, current, counts);
    const owners = new Map(current.flatMap((each) => each.ownedPartitions.map((one) => [keyOf(one), each.memberId])));
    for (const [memberId, partitions] of shares) {
      for (const each of partitions) expect([undefined, memberId]).toContain(owners.get(keyOf(each)));
    }
    const revokes = current.some((each) =>
      each.ownedPartitions.some((one) => !keysOf(shares.get(each.memberId)).includes(keyOf(one))),
    );
    if (!revokes) return { shares, rounds };
    current = current.map((each) => ({
      ...each,
      ownedPartitions: shares.get(each.memberId) ?? [],
      generationId: rounds + 1,
    }));
  }
}

const keyOf = ({ topic, partition }: TopicPartition): string => partitionKey(topic, partition);
const keysOf = (partitions: readonly TopicPartition[] = []): string[] => partitions.map(keyOf).sort();
const total = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);

const counts = fc
  .dictionary(fc.constantFrom('a', 'b', 'c'), fc.nat(7))
  .map((entries) => new Map(Object.entries(entries)));
const memberIds = fc.uniqueArray(fc.stringMatching(/^m[0-9]{1,2}$/), { minLength: 1, maxLength: 6 });

describe.each([rangeAssignor, roundRobinAssignor, cooperativeStickyAssignor])('the assignor $name', (assignor) => {
  it('gives each partition to exactly one member that subscribes to it', () => {
    const subscriptions = fc.array(fc.subarray(['a', 'b', 'c']), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(counts, memberIds, subscriptions, (partitionCounts, ids, topics) => {
        const members = ids.map((id, index) => member(id, topics[index] ?? []));
        const shares = assign(assignor, members, partitionCounts);

        const given = [...shares].flatMap(([id, partitions]) => partitions.map((each) => ({ id, ...each })));
        const subscribed = [...partitionCounts].filter(([topic]) =>
          members.some((each) => each.topics.includes(topic)),
        );
        expect(new Set(given.map(keyOf)).size).toBe(given.length);
        expect(given).toHaveLength(total(new Map(subscribed)));
        for (const { id, topic } of given)
          expect(members.find(({ memberId }) => memberId === id)?.topics).toContain(topic);
        expect([...shares.keys()].sort()).toEqual(ids.toSorted());
      }),
    );
  });
});

describe('the assignor range', () => {
  it('gives the same partitions of each topic to a member, so that topics are co-partitioned', () => {
    const shares = assign(
      rangeAssignor,
      [member('m2', ['a', 'b']), member('m1', ['a', 'b'])],
      new Map([
        ['a', 3],
        ['b', 3],
      ]),
    );

    expect(keysOf(shares.get('m1'))).toEqual(['a-0', 'a-1', 'b-0', 'b-1']);
    expect(keysOf(shares.get('m2'))).toEqual(['a-2', 'b-2']);
  });

  it('goes by instance ids, which outlive a restart', () => {
    const members = [
      { ...member('z', ['a']), instanceId: 'one' },
      { ...member('a', ['a']), instanceId: 'two' },
    ];

    expect(keysOf(assign(rangeAssignor, members, new Map([['a', 2]])).get('z'))).toEqual(['a-0']);
  });
});

describe('the assignor roundrobin', () => {
  it('deals partitions out in turn', () => {
    const shares = assign(
      roundRobinAssignor,
      [member('m1', ['a', 'b']), member('m2', ['a', 'b'])],
      new Map([
        ['a', 3],
        ['b', 2],
      ]),
    );

    expect(keysOf(shares.get('m1'))).toEqual(['a-0', 'a-2', 'b-1']);
    expect(keysOf(shares.get('m2'))).toEqual(['a-1', 'b-0']);
  });
});

describe('the assignor cooperative-sticky', () => {
  it('comes to rest with nobody two partitions behind, without taking one that another still owns', () => {
    fc.assert(
      fc.property(counts, memberIds, memberIds, (partitionCounts, before, after) => {
        const topics = ['a', 'b', 'c'];
        const first = settle(
          before.map((id) => member(id, topics)),
          partitionCounts,
        ).shares;
        const members = after.map((id) => member(id, topics, first.get(id)));

        const { shares, rounds } = settle(members, partitionCounts);

        const sizes = [...shares.values()].map((partitions) => partitions.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(total(partitionCounts));
        expect(rounds).toBeLessThanOrEqual(2);
      }),
    );
  });

  it('moves no more than balance demands when a member joins or leaves', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 6 }),
        fc.boolean(),
        (count, size, joins) => {
          const partitionCounts = new Map([['a', count]]);
          const ids = Array.from({ length: size + (joins ? 0 : 1) }, (_, index) => `m${index}`);
          const before = settle(
            ids.map((id) => member(id, ['a'])),
            partitionCounts,
          ).shares;
          const remaining = joins ? [...ids, 'new'] : ids.slice(1);

          const { shares } = settle(
            remaining.map((id) => member(id, ['a'], before.get(id))),
            partitionCounts,
          );

          const owner = new Map([...before].flatMap(([id, partitions]) => partitions.map((each) => [keyOf(each), id])));
          const moved = [...shares].flatMap(([id, partitions]) =>
            partitions.filter((each) => owner.get(keyOf(each)) !== id),
          );
          const demanded = joins ? Math.floor(count / (size + 1)) : (before.get('m0')?.length ?? 0);
          expect(moved.length).toBeLessThanOrEqual(demanded);
        },
      ),
    );
  });

  it('believes the member with the newer generation when two claim a partition', () => {
    const claim = [{ topic: 'a', partition: 0 }];
    const shares = assign(
      cooperativeStickyAssignor,
      [member('stale', ['a'], claim, 3), member('current', ['a'], claim, 4)],
      new Map([['a', 1]]),
    );

    expect(shares.get('current')).toEqual(claim);
  });

  it('gives a partition to nobody while two claim it in the same generation', () => {
    const claim = [{ topic: 'a', partition: 0 }];
    const members = ['m1', 'm2'].map((id) => member(id, ['a'], claim, 4));

    expect([...assign(cooperativeStickyAssignor, members, new Map([['a', 1]])).values()].flat()).toEqual([]);
  });

  it('forgets claims of partitions that no longer exist', () => {
    const shares = assign(
      cooperativeStickyAssignor,
      [member('m', ['a'], [{ topic: 'a', partition: 9 }])],
      new Map([['a', 1]]),
    );

    expect(keysOf(shares.get('m'))).toEqual(['a-0']);
  });
});
