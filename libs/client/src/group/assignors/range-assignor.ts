import type { TopicPartition } from '../../metadata/topic-metadata.js';
import { inStableOrder, type Assignor } from './assignor.js';

/**
 * Gives each member a run of consecutive partitions of each topic, so that topics with equally many partitions are
 * co-partitioned. Kafka's `range`.
 */
export const rangeAssignor: Assignor = {
  name: 'range',
  protocol: 'eager',
  assign(members, partitionCounts) {
    const shares = new Map(members.map(({ memberId }) => [memberId, [] as TopicPartition[]]));
    const topics = [...new Set(members.flatMap((member) => member.topics))].sort();
    for (const topic of topics) {
      const subscribers = inStableOrder(members.filter((member) => member.topics.includes(topic)));
      const count = partitionCounts.get(topic) ?? 0;
      let next = 0;
      subscribers.forEach(({ memberId }, index) => {
        const size = Math.floor(count / subscribers.length) + (index < count % subscribers.length ? 1 : 0);
        for (const end = next + size; next < end; next++) shares.get(memberId)?.push({ topic, partition: next });
      });
    }
    return new Map([...shares].map(([memberId, partitions]) => [memberId, { partitions }]));
  },
};
