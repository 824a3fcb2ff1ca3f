/**
 * The same topics of Apache Kafka, written and read by this client, by kafkajs, and read by Kafka's own consumer: offsets, order and
 * bytes are compared. What is known of kafkajs is not asked of it: it lets records of aborted transactions through where several are
 * interleaved, writes no header without a value, and has no snappy; Kafka's own consumer is the judge there.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SeededRandom, nextInt } from '@millrace/kernel';
import type { Compression } from '@millrace/protocol';
import { startKafka, type KafkaCluster } from '@millrace/testing/containers';
import fc from 'fast-check';
import { Admin, type Cluster, type Producer } from '../src/index.js';
import { ContractSession, eventually } from './contract/contract-session.js';
import { readWithJava } from './differential/java-reader.js';
import { KafkaJsPeer, SHARED_CODECS, kafkaJsMessage, type SharedCodec } from './differential/kafkajs-peer.js';
import { emptyBatches, readWithOwn } from './differential/own-reader.js';
import { batchOfDrafts, recordDrafts } from './differential/record-drafts.js';
import { asWritten, type RecordDraft, type WireRecord } from './differential/wire-record.js';

jest.setTimeout(300_000);

const CODECS = Object.keys(SHARED_CODECS) as SharedCodec[];
/** Each segment holds the records of about a second of their own time: a later time rolls the log. */
const SEGMENT_MS = 1_000;

describe('the same topics of Apache Kafka', () => {
  let kafka: KafkaCluster;
  let session: ContractSession;
  let peer: KafkaJsPeer;
  beforeAll(async () => {
    kafka = await startKafka({ properties: { 'log.cleaner.backoff.ms': 100 } });
  });
  beforeEach(() => {
    const { bootstrap } = kafka;
    session = new ContractSession({ bootstrap, tcpBootstrap: bootstrap, stop: async () => undefined });
    peer = new KafkaJsPeer(bootstrap);
  });
  afterEach(async () => {
    await peer.stop();
    await session.stop();
  });
  afterAll(() => kafka?.stop());

  it.each(CODECS)('read the same to both clients, whoever wrote them, compression %s', async (compression) => {
    const { cluster } = await session.cluster();
    const topic = await session.topic(cluster);
    const own = await session.producer(cluster, { compression });
    const other = await peer.producer();
    const reader = await peer.reader(topic);
    let end = 0;
    const batches = fc.tuple(recordDrafts({ nullHeaders: true }), recordDrafts({ nullHeaders: false }));
    await fc.assert(
      fc.asyncProperty(batches, async ([ours, theirs]) => {
        const start = end;
        await own.send(topic, 0, batchOfDrafts(ours));
        const codec = SHARED_CODECS[compression];
        await other.send({ topic, compression: codec, messages: theirs.map(kafkaJsMessage) });
        const written = [...ours, ...theirs].map((draft, index) => asWritten(draft, start + index));
        end += written.length;

        expect(await readWithOwn(cluster, topic, { fromOffset: start })).toEqual(written);
        expect(await reader.upTo(end - 1, start)).toEqual(written);
        // Somewhere in the middle of a batch.
        const middle = start + Math.floor(written.length / 2);
        expect(await readWithOwn(cluster, topic, { fromOffset: middle })).toEqual(written.slice(middle - start));
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });

  it.each<Compression>(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
    'read to Kafka’s own consumer as this client has written them, compression %s',
    async (compression) => {
      const { cluster } = await session.cluster();
      const topic = await session.topic(cluster);
      const producer = await session.producer(cluster, { compression });
      const drafts: RecordDraft[] = [
        {
          ...plain('full', 'x'.repeat(3_000)),
          headers: [
            { key: 'h', value: Buffer.from('one') },
            { key: 'h', value: Buffer.from('two') },
          ],
        },
        { ...plain('no value'), value: null },
        { ...plain('', 'no key'), key: null },
        plain('', ''),
        { ...plain('early', 'record'), timestampMs: 1 },
        { ...plain('header', 'without a value'), headers: [{ key: 'none', value: null }] },
      ];
      await producer.send(topic, 0, batchOfDrafts(drafts));

      const seen = await readWithJava(kafka, { topic, records: drafts.length });

      expect(seen).toEqual(drafts.map(asWritten));
      expect(await readWithOwn(cluster, topic)).toEqual(seen);
    },
  );

  it('show the same interleaved transactions, committed and not, from wherever they are read', async () => {
    const { cluster } = await session.cluster();
    const topic = await session.topic(cluster);
    const log = await writeInterleaved(cluster, topic);
    const committed = log.filter(({ isCommitted }) => isCommitted).map(({ record }) => record);
    const all = log.map(({ record }) => record);

    const ownCommitted = await readWithOwn(cluster, topic, { isolation: 'read_committed' });
    const ownAll = await readWithOwn(cluster, topic, { isolation: 'read_uncommitted' });
    const last = (records: readonly WireRecord[]): number => records.at(-1)?.offset ?? -1;

    expect(ownCommitted).toEqual(committed);
    expect(ownAll).toEqual(all);
    expect(await readWithJava(kafka, { topic, records: committed.length })).toEqual(committed);
    const uncommitted = { topic, records: all.length, isolation: 'read_uncommitted' } as const;
    expect(await readWithJava(kafka, uncommitted)).toEqual(all);
    expect(await (await peer.reader(topic, { readUncommitted: true })).upTo(last(all))).toEqual(all);
    const kafkaJsCommitted = await (await peer.reader(topic, { readUncommitted: false })).upTo(last(committed));
    expect(kafkaJsCommitted).toEqual(expect.arrayContaining(committed));

    const end = last(all) + 1;
    for (let fromOffset = 0; fromOffset < end; fromOffset += 7) {
      const rest = committed.filter(({ offset }) => offset >= fromOffset);
      expect(
        await readWithOwn(cluster, topic, { isolation: 'read_committed', fromOffset, partitionMaxBytes: 1 }),
      ).toEqual(rest);
    }
    const fromOffset = committed[Math.floor(committed.length / 2)]!.offset;
    const rest = committed.filter(({ offset }) => offset >= fromOffset);
    expect(await readWithJava(kafka, { topic, fromOffset, records: rest.length })).toEqual(rest);
  });

  it('end for all readers where the log ends, behind control records and aborted data', async () => {
    const { cluster } = await session.cluster();
    const topic = await session.topic(cluster);
    const other = await peer.producer(`${topic}-kafkajs`);
    const own = await session.producer(cluster, { transactionalId: `${topic}-own` });
    const committed = await other.transaction();
    await committed.send({ topic, messages: [kafkaJsMessage(plain('kept', '1'))] });
    await committed.commit();
    own.beginTransaction();
    await own.send(topic, 0, batchOfDrafts([plain('given up', '2')]));
    await own.abortTransaction();
    const aborted = await other.transaction();
    await aborted.send({ topic, messages: [kafkaJsMessage(plain('given up', '3'))] });
    await aborted.abort();
    await settled(cluster, topic);

    const [end] = await new Admin(cluster).listOffsets([{ topic, partition: 0, at: 'latest' }]);
    const kept = [asWritten(plain('kept', '1'), 0)];

    // Three records, three markers.
    expect(end?.offset).toBe(6);
    expect(await readWithOwn(cluster, topic, { isolation: 'read_committed' })).toEqual(kept);
    expect(await readWithJava(kafka, { topic, records: 1 })).toEqual(kept);
    for (let fromOffset = 1; fromOffset <= 6; fromOffset++) {
      expect(await readWithOwn(cluster, topic, { isolation: 'read_committed', fromOffset })).toEqual([]);
    }
    // Whatever comes next is the next that they see.
    const readers = await Promise.all(
      [0, 2, 5, 6].map((fromOffset) => peer.reader(topic, { fromOffset, readUncommitted: false })),
    );
    await (await peer.producer()).send({ topic, messages: [kafkaJsMessage(plain('next', '4'))] });
    const next = asWritten(plain('next', '4'), 6);
    expect(await readWithOwn(cluster, topic, { isolation: 'read_committed', fromOffset: 1 })).toEqual([next]);
    for (const reader of readers) expect(await reader.upTo(6, 1)).toEqual([next]);
  });

  it('read the same after compaction has made holes and emptied whole batches', async () => {
    const { cluster } = await session.cluster();
    const topic = await session.topic(cluster, {
      configs: {
        ...{ 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0.01', 'min.compaction.lag.ms': '0' },
        ...{ 'segment.ms': `${SEGMENT_MS}`, 'delete.retention.ms': '3600000' },
      },
    });
    const { kept, end } = await writeForCompaction(cluster, topic);
    await eventually('the log is compacted', async () => {
      return (await readWithOwn(cluster, topic)).length === kept.length;
    });
    expect(await emptyBatches(cluster, topic)).toBeGreaterThan(0);

    expect(await readWithOwn(cluster, topic)).toEqual(kept);
    expect(await readWithJava(kafka, { topic, records: kept.length })).toEqual(kept);
    expect(await (await peer.reader(topic)).upTo(end - 1)).toEqual(kept);
    for (let fromOffset = 0; fromOffset <= end; fromOffset++) {
      const rest = kept.filter(({ offset }) => offset >= fromOffset);
      expect(await readWithOwn(cluster, topic, { fromOffset, partitionMaxBytes: 1, maxBytes: 1 })).toEqual(rest);
    }
    // A hole in the middle, for the others too.
    const hole = kept.find(({ offset }, index) => index > 0 && offset > kept[index - 1]!.offset + 1)!.offset - 1;
    const rest = kept.filter(({ offset }) => offset >= hole);
    expect(await readWithJava(kafka, { topic, fromOffset: hole, records: rest.length })).toEqual(rest);
    expect(await (await peer.reader(topic, { fromOffset: hole })).upTo(end - 1, hole)).toEqual(rest);
  });

  /** Transactions of three producers, of both clients, whose records lie between each other. */
  async function writeInterleaved(
    cluster: Cluster,
    topic: string,
  ): Promise<{ readonly record: WireRecord; readonly isCommitted: boolean }[]> {
    const random = new SeededRandom(73);
    const own = await Promise.all(
      [0, 1].map((index) => session.producer(cluster, { transactionalId: `${topic}-own-${index}` })),
    );
    const writers: Writer[] = [
      ...own.map(ownWriter(topic)),
      kafkaJsWriter(topic, await peer.producer(`${topic}-kafkajs-0`)),
    ];
    const open = new Map<Writer, RecordDraft[]>();
    const committed = new Set<string>();
    const drafts = new Map<string, RecordDraft>();
    const end = async (writer: Writer, commits: boolean): Promise<void> => {
      await writer.end(commits);
      if (commits) for (const draft of open.get(writer) ?? []) committed.add(nameOf(draft));
      open.delete(writer);
    };
    for (let step = 0; step < 160; step++) {
      const writer = writers[nextInt(random, writers.length)]!;
      const written = open.get(writer);
      if (written === undefined) {
        await writer.begin();
        open.set(writer, []);
      } else if (random.next() < 0.65) {
        const draft = plain(`step-${step}`, `value-${step}`);
        await writer.send(draft);
        written.push(draft);
        drafts.set(nameOf(draft), draft);
      } else await end(writer, random.next() < 0.5);
    }
    for (const writer of [...open.keys()]) await end(writer, false);
    await settled(cluster, topic);
    // Each was acknowledged before the next was sent, so that they lie in this order; markers lie between them.
    const offsets = await readWithOwn(cluster, topic, { isolation: 'read_uncommitted' });
    expect(offsets.map(({ key }) => key)).toEqual(
      [...drafts.values()].map(({ key }) => asWritten({ ...plain(), key }, 0).key),
    );
    return [...drafts.values()].map((draft, index) => ({
      record: asWritten(draft, offsets[index]!.offset),
      isCommitted: committed.has(nameOf(draft)),
    }));
  }

  /** Batches most of whose records are replaced by later ones; what is left of them once the log is clean. */
  async function writeForCompaction(cluster: Cluster, topic: string): Promise<{ kept: WireRecord[]; end: number }> {
    const producers = await Promise.all([0, 1, 2].map(() => session.producer(cluster, { compression: 'gzip' })));
    const written: WireRecord[] = [];
    const send = async (producer: Producer, second: number, ...names: readonly string[]): Promise<void> => {
      const drafts = names.map((name) => ({
        ...plain(name, `${name}-${second}`),
        timestampMs: second * SEGMENT_MS * 10,
      }));
      await producer.send(topic, 0, batchOfDrafts(drafts));
      for (const draft of drafts) written.push(asWritten(draft, written.length));
    };
    const [first, second, third] = producers as [Producer, Producer, Producer];
    await send(first, 1, 'a', 'b', 'c', 'only-1');
    await send(first, 2, 'a', 'b', 'c');
    // The last batch of a producer is kept without records, so that the broker remembers its sequence.
    await send(second, 3, 'a', 'b', 'c');
    await send(first, 4, 'a', 'only-4', 'b');
    await send(first, 5, 'a', 'b', 'c', 'a', 'b');
    await send(third, 6, 'tail-1', 'a');
    await send(third, 7, 'tail-2', 'a');
    // The segment that is written to is never compacted: it holds what is to be read last.
    const active = written.length;
    await send(third, 8, 'end');
    const lastOf = new Map(written.slice(0, active).map(({ key, offset }) => [key, offset]));
    const kept = written.filter(({ key, offset }) => offset >= active || lastOf.get(key) === offset);
    return { kept, end: written.length };
  }
});

interface Writer {
  begin(): Promise<void>;
  send(draft: RecordDraft): Promise<void>;
  end(commits: boolean): Promise<void>;
}

const ownWriter =
  (topic: string) =>
  (producer: Producer): Writer => ({
    begin: async () => producer.beginTransaction(),
    send: async (draft) => {
      await producer.send(topic, 0, batchOfDrafts([draft]));
    },
    end: (commits) => (commits ? producer.commitTransaction() : producer.abortTransaction()),
  });

function kafkaJsWriter(topic: string, producer: Awaited<ReturnType<KafkaJsPeer['producer']>>): Writer {
  let transaction: Awaited<ReturnType<typeof producer.transaction>> | undefined;
  return {
    begin: async () => {
      transaction = await producer.transaction();
    },
    send: async (draft) => {
      await transaction?.send({ topic, messages: [kafkaJsMessage(draft)] });
    },
    end: async (commits) => {
      await (commits ? transaction?.commit() : transaction?.abort());
    },
  };
}

function plain(key = '', value = ''): RecordDraft {
  return { timestampMs: 1_000, key: Buffer.from(key), value: Buffer.from(value), headers: [] };
}

function nameOf({ key }: RecordDraft): string {
  return Buffer.from(key ?? []).toString();
}

async function settled(cluster: Cluster, topic: string): Promise<void> {
  await eventually('no transaction is open', async () => {
    const [committed, written] = await new Admin(cluster).listOffsets([
      { topic, partition: 0, at: 'latest', isolation: 'read_committed' },
      { topic, partition: 0, at: 'latest', isolation: 'read_uncommitted' },
    ]);
    return committed?.offset === written?.offset;
  });
}
