import { Admin, GroupMember, Producer, rangeAssignor } from '@millrace/client';
import { RecordBatchBuilder } from '@millrace/protocol';

const NAME = 'bench-warm-up';

/**
 * Runs a group and a transaction that nobody needs. The first of each lets a broker create and load the topics that it keeps them in,
 * which takes most of a second: no contender shall wait for that.
 *
 * @param cluster A started cluster.
 */
export async function warmUpBroker(cluster) {
  const admin = new Admin(cluster);
  await admin.createTopics([{ name: NAME, partitions: 1 }]);
  const assigned = Promise.withResolvers();
  const nothing = async () => undefined;
  const member = new GroupMember(cluster, {
    groupId: NAME,
    topics: [NAME],
    assignors: [rangeAssignor],
    onAssigned: async () => assigned.resolve(),
    onRevoked: nothing,
    onLost: nothing,
    onFailed: assigned.reject,
  });
  const producer = new Producer(cluster, { transactionalId: NAME });
  try {
    await Promise.all([producer.start(), member.start()]);
    await assigned.promise;
    producer.beginTransaction();
    const batch = new RecordBatchBuilder();
    batch.append(0, null, Buffer.from('warm'));
    await producer.send(NAME, 0, batch);
    await producer.sendOffsets([{ topic: NAME, partition: 0, offset: 0 }], member.groupMetadata);
    await producer.commitTransaction();
  } finally {
    await member.stop();
    await producer.stop();
    await admin.deleteTopics([NAME]);
  }
}
