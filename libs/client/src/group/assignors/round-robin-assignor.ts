import type { TopicPartition } from '../../metadata/topic-metadata.js';
import { inStableOrder, subscribedPartitions, type Assignor } from './assignor.js';

/** Deals all partitions out one by one to the members that subscribe to their topic. Kafka's `roundrobin`. */
export const roundRobinAssignor: Assignor = {
  name: 'roundrobin',
  protocol: 'eager',
  assign(members, partitionCounts) {
    const ordered = inStableOrder(members);
    const shares = new Map(ordered.map(({ memberId }) => [memberId, [] as TopicPartition[]]));
    let turn = 0;
    for (const partition of subscribedPartitions(members, partitionCounts)) {
      let member = ordered[turn++ % ordered.length];
      while (member !== undefined && !member.topics.includes(partition.topic))
        member = ordered[turn++ % ordered.length];
      if (member !== undefined) shares.get(member.memberId)?.push(partition);
    }
    return new Map([...shares].map(([memberId, partitions]) => [memberId, { partitions }]));
  },
};
