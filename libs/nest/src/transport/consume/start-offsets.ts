import { Admin, type AssignedPartition, type Cluster, type GroupMember, type TopicPartition } from '@millrace/client';

/** Where to begin in partitions: at what the group has committed, else at one end of the log. */
export async function startOffsets(
  cluster: Cluster,
  member: GroupMember,
  partitions: readonly TopicPartition[],
  startAt: 'earliest' | 'latest',
): Promise<AssignedPartition[]> {
  const committed = await member.committedOffsets(partitions);
  const fresh = committed.filter(({ offset }) => offset === undefined);
  const listed = await new Admin(cluster).listOffsets(
    fresh.map(({ topic, partition }) => ({ topic, partition, at: startAt, isolation: 'read_committed' })),
  );
  const known = committed.flatMap(({ topic, partition, offset }) =>
    offset === undefined ? [] : [{ topic, partition, offset }],
  );
  return [...known, ...listed.map(({ topic, partition, offset }) => ({ topic, partition, offset }))];
}
