import { describe, expect, it } from '@jest/globals';
import { Admin, CommittedRecords, Fetcher, RecordProducer, type TrackedRecords } from '../../src/index.js';
import { RecordBatchBuilder, partitionForKey, type Compression } from '@millrace/protocol';
import { batchOf, eventually, valuesOf, type ContractSession } from './contract-session.js';

const CODECS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** Producing and fetching. */
export function describeRecords(session: () => ContractSession): void {
  describe('records', () => {
    it.each(CODECS)('come back as they were sent, compression %s', async (compression) => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);
      const producer = await session().producer(cluster, { compression });
      const batch = new RecordBatchBuilder();
      const headers = [
        { key: 'first', value: Buffer.from('1') },
        { key: 'none', value: null },
        { key: 'first', value: Buffer.alloc(0) },
      ];
      batch.append(5_000, Buffer.from('key'), Buffer.from('x'.repeat(2_000)), headers);
      batch.append(4_000, null, Buffer.from('no key'));
      batch.append(6_000, Buffer.from('no value'), null);
      batch.append(6_000, Buffer.alloc(0), Buffer.alloc(0));

      const { baseOffset } = await producer.send(topic, 0, batch);

      expect(baseOffset).toBe(0);
      const place = { topic, partition: 0 };
      expect(await session().read(cluster, topic)).toEqual([
        { ...place, offset: 0, timestampMs: 5_000, key: 'key', value: 'x'.repeat(2_000), headers },
        { ...place, offset: 1, timestampMs: 4_000, key: null, value: 'no key', headers: [] },
        { ...place, offset: 2, timestampMs: 6_000, key: 'no value', value: null, headers: [] },
        { ...place, offset: 3, timestampMs: 6_000, key: '', value: '', headers: [] },
      ]);
    });

    it('keep their order in each partition while many batches are in flight', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster, { partitions: 3 });
      const producer = await session().producer(cluster);
      const sent = Array.from({ length: 200 }, (_, index) => `${index}`);

      for (const value of sent) for (const partition of [0, 1, 2]) void producer.send(topic, partition, batchOf(value));
      await producer.flush();

      const seen = await session().read(cluster, topic, { partitions: 3 });
      for (const partition of [0, 1, 2]) {
        expect(valuesOf(seen.filter((record) => record.partition === partition))).toEqual(sent);
      }
      expect(producer.bufferedBytes).toBe(0);
    });

    it('arrive in batches of almost a megabyte, read through fetches that are smaller', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);
      const producer = await session().producer(cluster);
      const values = Array.from({ length: 6 }, (_, index) => `${index}`.repeat(450_000));
      for (const pair of [values.slice(0, 2), values.slice(2, 4), values.slice(4)]) {
        await producer.send(topic, 0, batchOf(...pair));
      }

      const seen = await session().read(cluster, topic, { partitionMaxBytes: 1_000, maxBytes: 1_000 });

      expect(valuesOf(seen)).toEqual(values);
    });

    it('are read from an offset in the middle of a batch', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);
      const producer = await session().producer(cluster);
      await producer.send(topic, 0, batchOf('0', '1', '2'));
      await producer.send(topic, 0, batchOf('3', '4', '5'));

      const seen = await session().read(cluster, topic, { fromOffset: 2 });

      expect(seen.map(({ offset }) => offset)).toEqual([2, 3, 4, 5]);
    });

    it('are refused when they exceed the topic’s limit, and those behind them are not held up', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster, { configs: { 'max.message.bytes': '2000' } });
      const producer = await session().producer(cluster);

      const sent = ['a', 'x'.repeat(3_000), 'b', 'c'].map((value) => producer.send(topic, 0, batchOf(value)));

      await expect(sent[1]).rejects.toMatchObject({ code: 'MR_RECORD_TOO_LARGE', disposition: 'dead-letter' });
      await Promise.all([sent[0], sent[2], sent[3]]);
      expect(valuesOf(await session().read(cluster, topic))).toEqual(['a', 'b', 'c']);
      await expect(producer.flush()).rejects.toMatchObject({ code: 'MR_RECORD_TOO_LARGE' });
    });

    it('are refused at once when they exceed the producer’s limit', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);
      const producer = await session().producer(cluster, { maxRequestBytes: 10_000 });

      await expect(producer.send(topic, 0, batchOf('x'.repeat(20_000)))).rejects.toMatchObject({
        code: 'MR_RECORD_TOO_LARGE',
      });
    });

    it('cannot be sent to a topic or a partition that does not exist', async () => {
      const { cluster } = await session().cluster({ requestTimeoutMs: 2_000 });
      const topic = await session().topic(cluster);
      const producer = await session().producer(cluster);

      await expect(producer.send(topic, 7, batchOf('x'))).rejects.toMatchObject({ code: 'MR_BROKER_REFUSED' });
      await expect(producer.send(`${topic}-gone`, 0, batchOf('x'))).rejects.toMatchObject({
        code: 'MR_BROKER_REFUSED',
      });
    });
  });

  describe('a fetcher', () => {
    it('ends a poll that waits when it is woken', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);
      const fetcher = await session().start(new Fetcher(cluster, { maxWaitMs: 30_000 }));
      fetcher.wake();
      fetcher.assign([{ topic, partition: 0, offset: 0 }]);
      const polled = fetcher.poll(600_000);
      fetcher.wake();

      await expect(polled).resolves.toEqual([]);
    });

    it('wakes up as soon as something is appended', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);
      const producer = await session().producer(cluster);
      const fetcher = await session().start(new Fetcher(cluster, { isolation: 'read_uncommitted', maxWaitMs: 30_000 }));
      fetcher.assign([{ topic, partition: 0, offset: 0 }]);
      const polled = fetcher.poll(20_000);

      await producer.send(topic, 0, batchOf('x'));

      expect(await polled).toHaveLength(1);
    });

    it('says where it is and whether it has caught up', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);
      const place = { topic, partition: 0 };
      const producer = await session().producer(cluster);
      await producer.send(topic, 0, batchOf('a', 'b'));
      const fetcher = await session().start(new Fetcher(cluster, { isolation: 'read_committed', maxWaitMs: 50 }));
      fetcher.assign([{ ...place, offset: 1 }]);
      expect(fetcher.position(place)).toBe(1);
      expect(fetcher.isCaughtUp(place)).toBe(false);
      expect(fetcher.caughtUpAtMs(place)).toBeUndefined();

      const [batch] = await fetcher.poll(5_000);

      expect(batch).toMatchObject({ ...place, startOffset: 1, nextOffset: 2, highWatermark: 2, lastStableOffset: 2 });
      expect(fetcher.position(place)).toBe(2);
      expect(fetcher.endOffset(place)).toBe(2);
      expect(fetcher.isCaughtUp(place)).toBe(true);
      const first = fetcher.caughtUpAtMs(place) ?? 0;
      await eventually('the time of being caught up moves on', () => (fetcher.caughtUpAtMs(place) ?? 0) > first);
      await producer.send(topic, 0, batchOf('c'));
      await eventually('the end has moved', () => !fetcher.isCaughtUp(place));
    });

    it('holds back paused partitions and keeps what was fetched of them', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster, { partitions: 2 });
      const producer = await session().producer(cluster);
      await Promise.all([0, 1].map((partition) => producer.send(topic, partition, batchOf(`${partition}`))));
      const fetcher = await session().start(new Fetcher(cluster, { maxWaitMs: 50 }));
      fetcher.assign([0, 1].map((partition) => ({ topic, partition, offset: 0 })));
      fetcher.pause([{ topic, partition: 0 }]);

      const partitions: number[] = [];
      while (!fetcher.isCaughtUp({ topic, partition: 1 })) {
        for (const batch of await fetcher.poll(1_000)) partitions.push(batch.partition);
      }
      expect(partitions).toEqual([1]);

      fetcher.resume([{ topic, partition: 0 }]);
      expect((await fetcher.poll(5_000)).map(({ partition }) => partition)).toEqual([0]);
    });

    it('keeps what it has fetched of partitions that stay, and begins anew where the offset is another', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster, { partitions: 2 });
      const producer = await session().producer(cluster);
      for (const partition of [0, 1]) await producer.send(topic, partition, batchOf('a', 'b'));
      const fetcher = await session().start(new Fetcher(cluster, { maxWaitMs: 50 }));
      fetcher.assign([{ topic, partition: 0, offset: 0 }]);
      await fetcher.poll(5_000);

      fetcher.assign([0, 1].map((partition) => ({ topic, partition, offset: 2 - 2 * partition })));
      const second = await fetcher.poll(5_000);
      fetcher.assign([{ topic, partition: 0, offset: 1 }]);
      const third = await fetcher.poll(5_000);

      expect(second.map(({ partition, startOffset }) => [partition, startOffset])).toEqual([[1, 0]]);
      expect(third.map(({ partition, startOffset }) => [partition, startOffset])).toEqual([[0, 1]]);
    });

    it('reports a position outside the log, and goes on with other partitions', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster, { partitions: 2 });
      const producer = await session().producer(cluster);
      await producer.send(topic, 1, batchOf('x'));
      const fetcher = await session().start(new Fetcher(cluster, { maxWaitMs: 50 }));
      fetcher.assign([
        { topic, partition: 0, offset: 99 },
        { topic, partition: 1, offset: 0 },
      ]);

      const outcomes: unknown[] = [];
      while (outcomes.length < 2) {
        const polled = await fetcher.poll(5_000).catch((error: unknown) => [error]);
        outcomes.push(...polled);
      }

      expect(outcomes).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ code: 'MR_OFFSET_OUT_OF_RANGE', disposition: 'restart-task' }),
          expect.objectContaining({ partition: 1 }),
        ]),
      );
    });

    it('does not mistake a topic for the one that was deleted under the same name', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);
      const admin = new Admin(cluster);
      const producer = await session().producer(cluster);
      await producer.send(topic, 0, batchOf('a', 'b'));
      const fetcher = await session().start(new Fetcher(cluster, { maxWaitMs: 50 }));
      fetcher.assign([{ topic, partition: 0, offset: 0 }]);
      await fetcher.poll(5_000);

      await admin.deleteTopics([topic]);
      await eventually('the name is free', async () => !(await admin.listTopics()).includes(topic));
      await admin.createTopics([{ name: topic, partitions: 1 }]);

      const untilFailure = async (): Promise<void> => {
        for (;;) expect(await fetcher.poll(1_000)).toEqual([]);
      };
      await expect(untilFailure()).rejects.toMatchObject({
        code: 'MR_OFFSET_OUT_OF_RANGE',
        message: expect.stringContaining('deleted and created again') as unknown,
      });
    });

    it('goes on after its connections were cut', async () => {
      const { cluster, faults } = await session().cluster();
      const topic = await session().topic(cluster);
      const producer = await session().producer(cluster);
      const fetcher = await session().start(new Fetcher(cluster, { maxWaitMs: 200 }));
      fetcher.assign([{ topic, partition: 0, offset: 0 }]);
      const records = new CommittedRecords();
      const offsets: number[] = [];

      for (let round = 0; round < 5; round++) {
        await producer.send(topic, 0, batchOf('x', 'y'));
        faults.cutAll();
        while (offsets.length < 2 * (round + 1)) {
          for (const batch of await fetcher.poll(1_000)) {
            records.reset(batch);
            while (records.nextRecord()) offsets.push(records.cursor.offset);
          }
        }
      }

      expect(offsets).toEqual(Array.from({ length: 10 }, (_, index) => index));
      expect(faults.cuts).toBeGreaterThan(5);
    });
  });

  describe('a record producer', () => {
    it('chooses partitions by key as Kafka’s own clients do', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster, { partitions: 5 });
      const producer = await session().start(new RecordProducer(cluster));
      const keys = Array.from({ length: 100 }, (_, index) => `key-${index}`);

      for (const key of keys) producer.send(topic, Buffer.from(key), Buffer.from(key));
      await producer.flush();

      const seen = await session().read(cluster, topic, { partitions: 5 });
      expect(seen.map(({ key }) => key).sort()).toEqual(keys.toSorted());
      for (const { key, partition } of seen) expect(partition).toBe(partitionForKey(Buffer.from(key ?? ''), 5));
    });

    it('tells where a record ended up', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster, { partitions: 2 });
      const producer = await session().start(new RecordProducer(cluster));

      const places = await Promise.all(
        ['a', 'b', 'c'].map((value) => producer.sendAndWait(topic, null, Buffer.from(value), { partition: 1 })),
      );

      expect(places).toEqual([0, 1, 2].map((offset) => ({ topic, partition: 1, offset })));
    });

    it('pushes back when too much is unacknowledged, and accepts more after a flush', async () => {
      const { cluster } = await session().cluster();
      const topic = await session().topic(cluster);
      const producer = await session().start(new RecordProducer(cluster, { maxBufferedBytes: 10_000 }));
      const value = Buffer.alloc(1_000);
      const overflow = (): void => {
        for (let count = 0; count < 20; count++) producer.send(topic, null, value);
      };

      expect(overflow).toThrow(expect.objectContaining({ code: 'MR_BROKER_RETRIABLE', disposition: 'retry' }));
      await producer.flush();
      producer.send(topic, null, value);
      await producer.flush();

      const [end] = await new Admin(cluster).listOffsets([{ topic, partition: 0, at: 'latest' }]);
      expect(end?.offset).toBe(10);
    });

    it('tells each of several callers of the failures of its own records, and of no others', async () => {
      const { cluster } = await session().cluster();
      const small = await session().topic(cluster, { configs: { 'max.message.bytes': '200' } });
      const large = await session().topic(cluster);
      const producer = await session().start(new RecordProducer(cluster));
      const callers = Array.from({ length: 4 }, () => producer.tracked());
      const [first, second, third, fourth] = callers as [
        TrackedRecords,
        TrackedRecords,
        TrackedRecords,
        TrackedRecords,
      ];

      first.send(small, null, Buffer.alloc(500));
      second.send(small, null, Buffer.alloc(500));
      third.send(large, null, Buffer.from('x'));
      const outcomes = await Promise.allSettled([first, second, third, fourth].map((each) => each.acknowledged()));

      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled', 'fulfilled']);
      expect(outcomes[1]).toMatchObject({ reason: { code: 'MR_RECORD_TOO_LARGE' } });
      await expect(producer.flush()).rejects.toMatchObject({ code: 'MR_RECORD_TOO_LARGE' });
      const [end] = await new Admin(cluster).listOffsets([{ topic: large, partition: 0, at: 'latest' }]);
      expect(end?.offset).toBe(1);
    });

    it('reports a topic that does not exist when it is flushed', async () => {
      const { cluster } = await session().cluster({ requestTimeoutMs: 2_000 });
      const producer = await session().start(new RecordProducer(cluster));

      producer.send('contract-nowhere', null, Buffer.from('x'));

      await expect(producer.flush()).rejects.toMatchObject({ code: 'MR_BROKER_REFUSED' });
    });
  });

  describe('an idempotent producer', () => {
    it('sends every record once and in order although connections are cut before answers arrive', async () => {
      const { cluster, faults } = await session().cluster();
      const topic = await session().topic(cluster, { partitions: 2 });
      const producer = await session().producer(cluster);
      let answers = 0;
      faults.cutInsteadOfAnswer = () => ++answers % 7 === 0;
      const sent = Array.from({ length: 300 }, (_, index) => `${index}`);

      const acknowledged = sent.flatMap((value) =>
        [0, 1].map((partition) => producer.send(topic, partition, batchOf(value))),
      );
      await Promise.all(acknowledged);

      faults.cutInsteadOfAnswer = () => false;
      expect(faults.swallowed).toBeGreaterThan(3);
      const seen = await session().read(cluster, topic, { partitions: 2 });
      for (const partition of [0, 1]) {
        expect(valuesOf(seen.filter((record) => record.partition === partition))).toEqual(sent);
      }
    });
  });
}
