import { partitionKey, type TopicPartition } from '../../metadata/topic-metadata.js';
import { inStableOrder, subscribedPartitions, type Assignor, type AssignorMember } from './assignor.js';

interface Share {
  readonly member: AssignorMember;
  readonly kept: TopicPartition[];
  readonly added: TopicPartition[];
}

/**
 * Moves as few partitions as balance allows: members keep what they own, then nobody has two partitions more than another
 * who could take one. What moves is withheld until its owner has let go of it; the rebalance that follows hands it over
 * (KIP-429). Kafka's `cooperative-sticky`.
 */
export const cooperativeStickyAssignor: Assignor = {
  name: 'cooperative-sticky',
  protocol: 'cooperative',
  assign(members, partitionCounts) {
    const partitions = subscribedPartitions(members, partitionCounts);
    const claims = validClaims(members, new Set(partitions.map(keyOf)));
    const shares = inStableOrder(members).map((member): Share => ({ member, kept: [], added: [] }));
    const unowned = partitions.filter((partition) => {
      const [claimant, rival] = claims.get(keyOf(partition)) ?? [];
      const owner = shares.find(({ member }) => member === claimant);
      if (owner === undefined || rival !== undefined) return true;
      owner.kept.push(partition);
      return false;
    });
    for (const partition of unowned) smallestShare(shares, partition)?.added.push(partition);
    balance(shares);
    const released = ({ member, added }: Share): TopicPartition[] =>
      added.filter((partition) => (claims.get(keyOf(partition)) ?? []).every((claimant) => claimant === member));
    return new Map(shares.map((share) => [share.member.memberId, { partitions: [...share.kept, ...released(share)] }]));
  },
};

/** Who owns what: a claim of an older generation than another one for the same partition is void. */
function validClaims(members: readonly AssignorMember[], existing: ReadonlySet<string>): Map<string, AssignorMember[]> {
  const claims = new Map<string, AssignorMember[]>();
  for (const member of members) {
    for (const partition of member.ownedPartitions) {
      const key = keyOf(partition);
      if (!existing.has(key) || !member.topics.includes(partition.topic)) continue;
      const rivals = claims.get(key) ?? [];
      const newest = Math.max(member.generationId, ...rivals.map(({ generationId }) => generationId));
      claims.set(
        key,
        [...rivals, member].filter(({ generationId }) => generationId === newest),
      );
    }
  }
  return claims;
}

function sizeOf({ kept, added }: Share): number {
  return kept.length + added.length;
}

/** The smallest share whose member subscribes to the partition's topic. */
function smallestShare(shares: readonly Share[], { topic }: TopicPartition): Share | undefined {
  let smallest: Share | undefined;
  for (const share of shares) {
    if (!share.member.topics.includes(topic)) continue;
    if (smallest === undefined || sizeOf(share) < sizeOf(smallest)) smallest = share;
  }
  return smallest;
}

/** Moves partitions from greater to smaller shares until no move helps. */
function balance(shares: readonly Share[]): void {
  for (let moved = true; moved;) {
    moved = false;
    for (const giver of shares.toSorted((left, right) => sizeOf(right) - sizeOf(left))) {
      if (moveOne(giver, shares)) moved = true;
    }
  }
}

/** What was not owned before moves first: it costs nothing. */
function moveOne(giver: Share, shares: readonly Share[]): boolean {
  for (const from of [giver.added, giver.kept]) {
    for (let index = from.length - 1; index >= 0; index--) {
      const partition = from[index] as TopicPartition;
      const taker = smallestShare(shares, partition);
      if (taker === undefined || sizeOf(giver) - sizeOf(taker) < 2) continue;
      from.splice(index, 1);
      taker.added.push(partition);
      return true;
    }
  }
  return false;
}

function keyOf({ topic, partition }: TopicPartition): string {
  return partitionKey(topic, partition);
}
