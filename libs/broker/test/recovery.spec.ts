import { cpSync, readdirSync, truncateSync, statSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { apis, errorName } from '@millrace/protocol';
import {
  brokerChannels,
  EmbeddedBroker,
  MemoryDisk,
  type TransactionResumedEvent,
  type TransactionStateEvent,
} from '../src/index.js';
import { valuesOf } from './contract/produce.contract.js';
import { temporaryFolder } from './temporary-folder.js';
import { batchOf, WireClient } from './wire-client.js';

const running: EmbeddedBroker[] = [];

async function started(stateDir: string): Promise<{ broker: EmbeddedBroker; client: WireClient }> {
  const broker = new EmbeddedBroker({ stateDir });
  running.push(broker);
  await broker.start();
  return { broker, client: await WireClient.to(broker) };
}

/** The state directory as a broker that was killed at this moment leaves it: files are complete, nothing was closed. */
function killed(stateDir: string): string {
  const left = join(temporaryFolder(), 'state');
  cpSync(stateDir, left, { recursive: true });
  return left;
}

/** The files below a folder whose name ends in `.log`. */
function logs(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.log'))
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

afterEach(async () => {
  for (const broker of running.splice(0)) await broker.stop();
});

const offsets = (offset: number) => [
  { name: 't', partitions: [{ partitionIndex: 0, committedOffset: offset, committedMetadata: null }] },
];

async function committedOffset(client: WireClient, groupId: string): Promise<number | string> {
  const groups = [{ groupId, topics: [{ name: 't', partitionIndexes: [0] }] }];
  const { groups: answers } = await client.call(apis.OffsetFetch, 8, { groups, requireStable: true });
  const found = answers[0]!.topics[0]!.partitions[0]!;
  return found.errorCode === 0 ? found.committedOffset : errorName(found.errorCode);
}

describe('a broker that was killed', () => {
  it('goes on from a disk in the heap, with what was open before', async () => {
    const disk = new MemoryDisk();
    const first = new EmbeddedBroker({ stateDir: 'state', disk });
    running.push(first);
    await first.start();
    const before = await WireClient.to(first);
    await before.createTopic('t');
    await before.produce('t', 0, batchOf(['a', 'b']));
    const { producerId, producerEpoch } = await before.initProducerId('tx');
    const open = batchOf(['open'], { producerId, producerEpoch, isTransactional: true, baseSequence: 0 });
    await before.produce('t', 0, open, { version: 12, transactionalId: 'tx' });
    await first.stop();

    const second = new EmbeddedBroker({ stateDir: 'state', disk });
    running.push(second);
    await second.start();
    const after = await WireClient.to(second);

    const { records, highWatermark, lastStableOffset } = await after.fetch('t', 0, 0);
    expect(valuesOf(records!)).toEqual(['a', 'b', 'open']);
    expect([highWatermark, lastStableOffset]).toEqual([3, 2]);
  });

  it('does not tell again what happened to transactions before it was killed', async () => {
    const stateDir = temporaryFolder();
    const { client } = await started(stateDir);
    for (let nth = 0; nth < 2; nth++) {
      await client.initProducerId('tx');
    }
    const told: TransactionStateEvent[] = [];
    const unsubscribe = brokerChannels.transactionState.subscribe((event) => told.push(event));
    await started(killed(stateDir));
    unsubscribe();

    expect(told).toEqual([]);
  });

  it('knows where its partitions begin again, also after another restart', async () => {
    const stateDir = temporaryFolder();
    const { client } = await started(stateDir);
    await client.createTopic('t', 2);
    await client.produce('t', 1, batchOf(['a', 'b', 'c']));
    const topics = [{ name: 't', partitions: [{ partitionIndex: 1, offset: 2 }] }];
    await client.call(apis.DeleteRecords, 2, { topics, timeoutMs: 1 });
    const beginOf = async (through: WireClient): Promise<number> => {
      const asked = [{ name: 't', partitions: [{ partitionIndex: 1, timestamp: -2 }] }];
      return (await through.call(apis.ListOffsets, 8, { replicaId: -1, topics: asked })).topics[0]!.partitions[0]!
        .offset;
    };

    const left = killed(stateDir);
    const { client: after, broker } = await started(left);
    expect(await beginOf(after)).toBe(2);
    expect(errorName((await after.fetch('t', 1, 1)).errorCode)).toBe('OFFSET_OUT_OF_RANGE');
    await broker.stop();
    expect(await beginOf((await started(left)).client)).toBe(2);
  });

  it('knows its topics with their ids and settings, records and committed offsets again', async () => {
    const stateDir = temporaryFolder();
    const { client } = await started(stateDir);
    await client.createTopic('t', 2, { 'retention.ms': '5' });
    await client.createTopic('deleted');
    await client.call(apis.DeleteTopics, 1, { topicNames: ['deleted'], timeoutMs: 1 });
    await client.produce('t', 1, batchOf(['a', 'b']));
    await client.call(apis.OffsetCommit, 8, { groupId: 'g', memberId: '', topics: offsets(4) });
    const describe = async (through: WireClient) => {
      const { topics, clusterId } = await through.call(apis.Metadata, 12, { topics: null });
      const resources = [{ resourceType: 2, resourceName: 't', configurationKeys: ['retention.ms'] }];
      const { results } = await through.call(apis.DescribeConfigs, 4, { resources });
      return { topics, clusterId, settings: results[0]!.configs.map((each) => each.value) };
    };
    const before = await describe(client);
    const { client: after } = await started(killed(stateDir));
    expect(await describe(after)).toEqual(before);
    expect(valuesOf((await after.fetch('t', 1, 0)).records!)).toEqual(['a', 'b']);
    expect(await committedOffset(after, 'g')).toBe(4);
    expect((await after.produce('t', 1, batchOf(['c']))).baseOffset).toBe(2);
  });

  it('still recognises retries and refuses old epochs', async () => {
    const stateDir = temporaryFolder();
    const { client } = await started(stateDir);
    await client.createTopic('t');
    const { producerId } = await client.initProducerId(null);
    await client.produce('t', 0, batchOf(['a'], { producerId, producerEpoch: 1, baseSequence: 0 }));
    const { client: after } = await started(killed(stateDir));
    const send = (producerEpoch: number, baseSequence: number) =>
      after.produce('t', 0, batchOf(['a'], { producerId, producerEpoch, baseSequence }));
    expect((await send(1, 0)).baseOffset).toBe(0);
    expect(errorName((await send(0, 1)).errorCode)).toBe('INVALID_PRODUCER_EPOCH');
    expect((await send(1, 1)).baseOffset).toBe(1);
    expect((await after.initProducerId(null)).producerId).toBeGreaterThan(producerId);
  });

  it('goes on with open transactions, and still hides aborted ones', async () => {
    const stateDir = temporaryFolder();
    const { client } = await started(stateDir);
    await client.createTopic('t');
    const batch = (value: string, who: { producerId: number; producerEpoch: number }) =>
      batchOf([value], {
        producerId: who.producerId,
        producerEpoch: who.producerEpoch,
        baseSequence: 0,
        isTransactional: true,
      });
    const first = await client.initProducerId('tx');
    await client.produce('t', 0, batch('aborted', first), { version: 12, transactionalId: 'tx' });
    const second = await client.endTxn('tx', first, false);
    await client.produce('t', 0, batch('open', second), { version: 12, transactionalId: 'tx' });
    await client.call(apis.TxnOffsetCommit, 5, {
      transactionalId: 'tx',
      groupId: 'g',
      producerId: second.producerId,
      producerEpoch: second.producerEpoch,
      topics: offsets(9),
    });
    const { client: after } = await started(killed(stateDir));
    const open = await after.fetch('t', 0, 0, { committed: true });
    expect([open.lastStableOffset, open.highWatermark, open.abortedTransactions!.length]).toEqual([2, 3, 1]);
    expect(await committedOffset(after, 'g')).toBe('UNSTABLE_OFFSET_COMMIT');
    expect((await after.endTxn('tx', second, true)).errorCode).toBe(0);
    const ended = await after.fetch('t', 0, 0, { committed: true });
    expect(ended.lastStableOffset).toBe(ended.highWatermark);
    expect(await committedOffset(after, 'g')).toBe(9);
  });

  it('shows all of a transaction or nothing, wherever in its commit it was killed', async () => {
    const stateDir = temporaryFolder();
    const { client } = await started(stateDir);
    await client.createTopic('t', 2);
    const producer = await client.initProducerId('tx');
    const options = {
      producerId: producer.producerId,
      producerEpoch: producer.producerEpoch,
      baseSequence: 0,
      isTransactional: true,
    };
    for (const partition of [0, 1]) {
      await client.produce('t', partition, batchOf(['v'], options), { version: 12, transactionalId: 'tx' });
    }
    const identity = {
      transactionalId: 'tx',
      groupId: 'g',
      producerId: producer.producerId,
      producerEpoch: producer.producerEpoch,
    };
    await client.call(apis.TxnOffsetCommit, 5, { ...identity, topics: offsets(9) });
    const sizeBefore = new Map(logs(stateDir).map((path) => [path, statSync(path).size]));
    await client.endTxn('tx', producer, true);
    const journal = logs(stateDir).find((path) => path.includes('journal-'))!;
    const partitionLogs = logs(stateDir).filter((path) => path !== journal);

    /** What is visible after a kill that left so much of the journal and so many markers. */
    const outcome = async (journalBytes: number, markers: number): Promise<string> => {
      const left = killed(stateDir);
      truncateSync(journal.replace(stateDir, left), journalBytes);
      for (const path of partitionLogs.slice(markers)) truncateSync(path.replace(stateDir, left), sizeBefore.get(path));
      const { broker, client: after } = await started(left);
      const ends = await Promise.all([0, 1].map((partition) => after.fetch('t', partition, 0, { committed: true })));
      const visible = ends.map((each) => valuesOf(each.records!).length);
      const offset = await committedOffset(after, 'g');
      await broker.stop();
      return `${visible.join(' and ')} records, offset ${offset}`;
    };
    const nothing = '0 and 0 records, offset UNSTABLE_OFFSET_COMMIT';
    const everything = '1 and 1 records, offset 9';

    const events: TransactionResumedEvent[] = [];
    const unsubscribe = brokerChannels.transactionResumed.subscribe((event) => events.push(event));
    const seen = new Set<string>();
    for (let bytes = sizeBefore.get(journal)!; bytes <= statSync(journal).size; bytes += 9) {
      const withoutMarkers = await outcome(bytes, 0);
      seen.add(withoutMarkers);
      // Markers are written only after the decision, so they can be there only where it is.
      if (withoutMarkers !== everything) continue;
      expect(await outcome(bytes, 1)).toBe(everything);
      expect(await outcome(bytes, 2)).toBe(everything);
    }
    unsubscribe();
    expect(seen).toEqual(new Set([nothing, everything]));
    expect(new Set(events.map((event) => event.outcome))).toEqual(new Set(['commit']));
  });

  it('drops a record that was not written whole, and nothing before it', async () => {
    const stateDir = temporaryFolder();
    const { client } = await started(stateDir);
    await client.createTopic('t');
    for (const value of ['a', 'b', 'c']) await client.produce('t', 0, batchOf([value]));
    const left = killed(stateDir);
    const log = logs(left).find((path) => path.includes('topics'))!;
    writeFileSync(log, readFileSync(log).subarray(0, statSync(log).size - 1));
    const { client: after } = await started(left);
    expect(valuesOf((await after.fetch('t', 0, 0)).records!)).toEqual(['a', 'b']);
    expect((await after.produce('t', 0, batchOf(['d']))).baseOffset).toBe(2);
  });

  it('keeps a second broker away from its directory while it lives', async () => {
    const stateDir = temporaryFolder();
    await started(stateDir);
    await expect(new EmbeddedBroker({ stateDir }).start()).rejects.toThrow('is in use by the broker');
  });
});
