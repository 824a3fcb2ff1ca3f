import { expect, it } from '@jest/globals';
import { Admin, GroupMember, rangeAssignor, type Cluster, type GroupMetadata, type Producer } from '../../src/index.js';
import { batchOf, eventually, valuesOf, type ContractSession } from './contract-session.js';

const OUTSIDER = { generationId: -1, memberId: '' };
let idCount = 0;

/** Transactions with the highest version that the client may use; what it uses depends on the broker too. */
export function describeTransactions(session: () => ContractSession, maxTransactionVersion: 1 | 2): void {
  const newId = (): string => `contract-tx-${process.pid}-${++idCount}`;
  const transactional = (cluster: Cluster, transactionalId = newId()): Promise<Producer> =>
    session().producer(cluster, { transactionalId, maxTransactionVersion });
  const latest = async (
    cluster: Cluster,
    topic: string,
    isolation: 'read_committed' | 'read_uncommitted',
    partition = 0,
  ) => (await new Admin(cluster).listOffsets([{ topic, partition, at: 'latest', isolation }]))[0]?.offset;

  it('shows records of a transaction when it is committed, on all partitions', async () => {
    const { cluster } = await session().cluster();
    const topic = await session().topic(cluster, { partitions: 2 });
    const producer = await transactional(cluster);
    producer.beginTransaction();
    await Promise.all([0, 1].map((partition) => producer.send(topic, partition, batchOf(`${partition}`))));

    expect(await session().read(cluster, topic, { partitions: 2 })).toEqual([]);
    expect(await latest(cluster, topic, 'read_committed')).toBe(0);
    expect(await latest(cluster, topic, 'read_uncommitted')).toBe(1);
    await producer.commitTransaction();

    // The coordinator answers before it has written the markers, and each partition's comes by itself.
    await eventually('both partitions are visible', async () => {
      const ends = await Promise.all([0, 1].map((partition) => latest(cluster, topic, 'read_committed', partition)));
      return ends.every((end) => end === 2);
    });
    expect(valuesOf(await session().read(cluster, topic, { partitions: 2 })).sort()).toEqual(['0', '1']);
  });

  it('never shows records of a transaction that was aborted', async () => {
    const { cluster } = await session().cluster();
    const topic = await session().topic(cluster);
    const producer = await transactional(cluster);
    for (const [value, commits] of Object.entries({ a: true, b: false, c: false, d: true, e: false })) {
      producer.beginTransaction();
      await producer.send(topic, 0, batchOf(value));
      await (commits ? producer.commitTransaction() : producer.abortTransaction());
    }
    await eventually('all have ended', async () => (await latest(cluster, topic, 'read_committed')) === 10);

    expect(valuesOf(await session().read(cluster, topic))).toEqual(['a', 'd']);
    const everything = await session().read(cluster, topic, { isolation: 'read_uncommitted' });
    expect(valuesOf(everything)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('does not send what is still waiting when a transaction is aborted, and goes on with the next one', async () => {
    const { cluster } = await session().cluster();
    const topic = await session().topic(cluster);
    const producer = await transactional(cluster);
    producer.beginTransaction();
    await producer.send(topic, 0, batchOf('sent'));
    const dropped = producer.send(topic, 0, batchOf('dropped'));
    const aborted = producer.abortTransaction();

    await expect(dropped).rejects.toMatchObject({ code: 'MR_TRANSACTION_ABORTABLE', disposition: 'retry' });
    await aborted;
    producer.beginTransaction();
    await producer.send(topic, 0, batchOf('next'));
    await producer.commitTransaction();

    await eventually('it is visible', async () => (await session().read(cluster, topic)).length === 1);
    const everything = await session().read(cluster, topic, { isolation: 'read_uncommitted' });
    expect(valuesOf(everything)).toEqual(['sent', 'next']);
  });

  it('commits many small transactions one after the other', async () => {
    const { cluster } = await session().cluster();
    const topic = await session().topic(cluster, { partitions: 3 });
    const producer = await transactional(cluster);
    for (let index = 0; index < 40; index++) {
      producer.beginTransaction();
      void producer.send(topic, index % 3, batchOf(`${index}`));
      void producer.send(topic, (index + 1) % 3, batchOf(`${index}`));
      await producer.commitTransaction();
    }

    const seen = async () => session().read(cluster, topic, { partitions: 3 });
    await eventually('all are visible', async () => (await seen()).length === 80);
  });

  it('costs nothing when nothing was sent', async () => {
    const { cluster } = await session().cluster();
    const topic = await session().topic(cluster);
    const producer = await transactional(cluster);
    for (const end of ['commitTransaction', 'abortTransaction', 'commitTransaction'] as const) {
      producer.beginTransaction();
      await producer[end]();
    }

    expect(await latest(cluster, topic, 'read_uncommitted')).toBe(0);
  });

  it('commits offsets with the records, or not at all', async () => {
    const { cluster } = await session().cluster();
    const topic = await session().topic(cluster);
    const groupId = `${topic}-group`;
    const producer = await transactional(cluster);
    const committed = async () => (await new Admin(cluster).committedOffsets(groupId, [{ topic, partition: 0 }]))[0];

    producer.beginTransaction();
    await producer.send(topic, 0, batchOf('a'));
    await producer.sendOffsets([{ topic, partition: 0, offset: 7, leaderEpoch: 0, metadata: 'm' }], {
      groupId,
      ...OUTSIDER,
    });
    await producer.commitTransaction();
    expect(await committed()).toMatchObject({ offset: 7, metadata: 'm' });

    producer.beginTransaction();
    await producer.sendOffsets([{ topic, partition: 0, offset: 9 }], { groupId, ...OUTSIDER });
    await producer.abortTransaction();
    expect(await committed()).toMatchObject({ offset: 7 });
  });

  it('holds back committed offsets while a transaction with newer ones is open', async () => {
    const { cluster } = await session().cluster();
    const topic = await session().topic(cluster);
    const groupId = `${topic}-group`;
    const producer = await transactional(cluster);
    producer.beginTransaction();
    await producer.sendOffsets([{ topic, partition: 0, offset: 5 }], { groupId, ...OUTSIDER });
    const admin = new Admin(cluster);
    const partitions = [{ topic, partition: 0 }];

    await expect(admin.committedOffsets(groupId, partitions, { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'MR_BROKER_RETRIABLE',
      place: { kafkaError: 'UNSTABLE_OFFSET_COMMIT' },
    });
    const awaited = admin.committedOffsets(groupId, partitions);
    await producer.commitTransaction();

    expect((await awaited)[0]?.offset).toBe(5);
  });

  it('moves records from one topic to another exactly once although every third transaction is aborted', async () => {
    const { cluster } = await session().cluster();
    const source = await session().topic(cluster);
    const target = await session().topic(cluster);
    const groupId = `${source}-group`;
    const feeder = await session().producer(cluster);
    const input = Array.from({ length: 30 }, (_, index) => `${index}`);
    for (const value of input) void feeder.send(source, 0, batchOf(value));
    await feeder.flush();
    const producer = await transactional(cluster);
    const admin = new Admin(cluster);

    for (let attempt = 1; ; attempt++) {
      const [position] = await admin.committedOffsets(groupId, [{ topic: source, partition: 0 }]);
      const fromOffset = position?.offset ?? 0;
      if (fromOffset === input.length) break;
      const [record] = await session().read(cluster, source, { fromOffset });
      producer.beginTransaction();
      void producer.send(target, 0, batchOf(`moved ${record?.value}`));
      await producer.sendOffsets([{ topic: source, partition: 0, offset: fromOffset + 1 }], { groupId, ...OUTSIDER });
      await (attempt % 3 === 0 ? producer.abortTransaction() : producer.commitTransaction());
    }

    await eventually('all are visible', async () => (await session().read(cluster, target)).length === input.length);
    expect(valuesOf(await session().read(cluster, target))).toEqual(input.map((value) => `moved ${value}`));
  });

  it('fences an older producer with the same transactional id and aborts what it left open', async () => {
    const { cluster } = await session().cluster();
    const topic = await session().topic(cluster);
    const transactionalId = newId();
    const zombie = await transactional(cluster, transactionalId);
    zombie.beginTransaction();
    await zombie.send(topic, 0, batchOf('of the zombie'));

    const successor = await transactional(cluster, transactionalId);
    successor.beginTransaction();
    await successor.send(topic, 0, batchOf('of the successor'));
    const fenced = { code: 'MR_PRODUCER_FENCED', disposition: 'restart-task' };
    await expect(zombie.send(topic, 0, batchOf('late'))).rejects.toMatchObject(fenced);
    await expect(zombie.commitTransaction()).rejects.toMatchObject(fenced);
    await expect(zombie.abortTransaction()).rejects.toMatchObject(fenced);
    await successor.commitTransaction();

    await eventually('it is visible', async () => (await session().read(cluster, topic)).length === 1);
    expect(valuesOf(await session().read(cluster, topic))).toEqual(['of the successor']);
  });

  it('fences the commit of a zombie that has sent everything before', async () => {
    const { cluster } = await session().cluster();
    const topic = await session().topic(cluster);
    const transactionalId = newId();
    const zombie = await transactional(cluster, transactionalId);
    zombie.beginTransaction();
    await zombie.send(topic, 0, batchOf('of the zombie'));
    await transactional(cluster, transactionalId);

    await expect(zombie.commitTransaction()).rejects.toMatchObject({ code: 'MR_PRODUCER_FENCED' });
    expect(await session().read(cluster, topic)).toEqual([]);

    await zombie.start();
    zombie.beginTransaction();
    await zombie.send(topic, 0, batchOf('started again'));
    await zombie.commitTransaction();
    await eventually('it is visible', async () => (await session().read(cluster, topic)).length === 1);
  });

  it('refuses offsets of a member whose generation is over', async () => {
    const { cluster } = await session().cluster();
    const topic = await session().topic(cluster, { partitions: 2 });
    const groupId = `${topic}-group`;
    const nothing = async (): Promise<void> => undefined;
    let generationId = -1;
    const member = await session().start(
      new GroupMember(cluster, {
        groupId,
        topics: [topic],
        assignors: [rangeAssignor],
        onAssigned: async (_, info) => void (generationId = info.generationId),
        onRevoked: nothing,
        onLost: nothing,
      }),
    );
    await eventually('the member has joined', () => generationId > 0);
    const current = member.groupMetadata;
    const stale: GroupMetadata = { ...current, generationId: current.generationId - 1 };
    const unknown: GroupMetadata = { ...current, memberId: 'nobody' };
    const producer = await transactional(cluster);
    const offsets = [{ topic, partition: 0, offset: 1 }];

    for (const group of [stale, unknown]) {
      producer.beginTransaction();
      await expect(producer.sendOffsets(offsets, group)).rejects.toMatchObject({
        code: 'MR_GROUP_REBALANCED',
        disposition: 'restart-task',
      });
      await expect(producer.commitTransaction()).rejects.toMatchObject({ code: 'MR_TRANSACTION_ABORTABLE' });
      await producer.abortTransaction();
    }
    producer.beginTransaction();
    await producer.sendOffsets(offsets, current);
    await producer.commitTransaction();
    expect((await member.committedOffsets([{ topic, partition: 0 }]))[0]?.offset).toBe(1);
  });

  it('commits although the connection is cut before the answer to the commit arrives', async () => {
    const { cluster, faults } = await session().cluster();
    const topic = await session().topic(cluster);
    const producer = await transactional(cluster);
    for (let index = 0; index < 5; index++) {
      producer.beginTransaction();
      await producer.send(topic, 0, batchOf(`${index}`));
      let cutsLeft = 1;
      faults.cutInsteadOfAnswer = () => cutsLeft-- > 0;
      await producer.commitTransaction();
      faults.cutInsteadOfAnswer = () => false;
    }

    expect(faults.swallowed).toBe(5);
    await eventually('all are visible', async () => (await session().read(cluster, topic)).length === 5);
  });

  it('sends every record of a transaction once although connections are cut', async () => {
    const { cluster, faults } = await session().cluster();
    const topic = await session().topic(cluster, { partitions: 2 });
    const producer = await transactional(cluster);
    let answers = 0;
    faults.cutInsteadOfAnswer = () => ++answers % 5 === 0;
    const sent = Array.from({ length: 60 }, (_, index) => `${index}`);

    for (let index = 0; index < sent.length; index += 10) {
      producer.beginTransaction();
      for (const value of sent.slice(index, index + 10)) {
        for (const partition of [0, 1]) void producer.send(topic, partition, batchOf(value));
      }
      await producer.commitTransaction();
    }
    faults.cutInsteadOfAnswer = () => false;

    expect(faults.swallowed).toBeGreaterThan(3);
    const seen = async () => session().read(cluster, topic, { partitions: 2 });
    await eventually('all are visible', async () => (await seen()).length >= 120);
    for (const partition of [0, 1]) {
      expect(valuesOf((await seen()).filter((record) => record.partition === partition))).toEqual(sent);
    }
  });

  it('is aborted by the broker after its timeout; the producer can start again', async () => {
    const { cluster } = await session().cluster();
    const topic = await session().topic(cluster);
    const options = { transactionalId: newId(), maxTransactionVersion, transactionTimeoutMs: 1_000 };
    const producer = await session().producer(cluster, options);
    producer.beginTransaction();
    await producer.send(topic, 0, batchOf('too late'));
    await eventually('the broker has aborted', async () => (await latest(cluster, topic, 'read_committed')) === 2);

    await expect(producer.commitTransaction()).rejects.toMatchObject({ disposition: 'restart-task' });
    await producer.start();
    producer.beginTransaction();
    await producer.send(topic, 0, batchOf('in time'));
    await producer.commitTransaction();

    await eventually('it is visible', async () => (await session().read(cluster, topic)).length > 0);
    expect(valuesOf(await session().read(cluster, topic))).toEqual(['in time']);
  });

  it('must be aborted after a batch was refused', async () => {
    const { cluster } = await session().cluster();
    const topic = await session().topic(cluster, { configs: { 'max.message.bytes': '2000' } });
    const producer = await transactional(cluster);
    producer.beginTransaction();
    const good = producer.send(topic, 0, batchOf('good'));
    await good;
    await expect(producer.send(topic, 0, batchOf('x'.repeat(3_000)))).rejects.toMatchObject({
      code: 'MR_RECORD_TOO_LARGE',
    });

    const mustAbort = { code: 'MR_TRANSACTION_ABORTABLE', disposition: 'retry' };
    await expect(producer.send(topic, 0, batchOf('behind'))).rejects.toMatchObject(mustAbort);
    await expect(producer.commitTransaction()).rejects.toMatchObject(mustAbort);
    await producer.abortTransaction();

    producer.beginTransaction();
    await producer.send(topic, 0, batchOf('again'));
    await producer.commitTransaction();
    await eventually('it is visible', async () => (await session().read(cluster, topic)).length > 0);
    expect(valuesOf(await session().read(cluster, topic))).toEqual(['again']);
  });

  it('accepts calls only in their order', async () => {
    const { cluster } = await session().cluster();
    const topic = await session().topic(cluster);
    const producer = await transactional(cluster);
    const outOfOrder = { code: 'MR_LIFECYCLE_ORDER', disposition: 'stop-app' };

    await expect(producer.send(topic, 0, batchOf('x'))).rejects.toMatchObject(outOfOrder);
    await expect(producer.commitTransaction()).rejects.toMatchObject(outOfOrder);
    producer.beginTransaction();
    expect(() => producer.beginTransaction()).toThrow(expect.objectContaining(outOfOrder));
    const plain = await session().producer(cluster);
    expect(() => plain.beginTransaction()).toThrow(expect.objectContaining(outOfOrder));
  });
}
