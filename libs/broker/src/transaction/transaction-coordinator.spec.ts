import { describe, expect, it } from '@jest/globals';
import { ManualClock, SeededRandom } from '@millrace/kernel';
import { errorName } from '@millrace/protocol';
import { OffsetStore } from '../group/offset-store.js';
import { TailCache } from '../log/tail-cache.js';
import { Journal } from '../storage/journal.js';
import type { JournalEntry, TransactionEntry } from '../storage/journal-entry.js';
import { TopicCatalog } from '../topics/topic-catalog.js';
import { newTransaction } from './transaction.js';
import { TransactionCoordinator, type ProducerAnswer, type ProducerIdentity } from './transaction-coordinator.js';

/** A coordinator with one topic of two partitions, and whatever was recovered. */
function coordinator(options: { transactionVersion?: 1 | 2; recovered?: JournalEntry[] } = {}) {
  const clock = new ManualClock(1_000);
  const random = new SeededRandom(1);
  const journal = Journal.open(undefined, () => {});
  const topics = new TopicCatalog({
    directory: undefined,
    clock,
    random,
    cache: new TailCache(0),
    brokerDefaults: {},
    syncSealed: false,
  });
  topics.open(journal);
  const topic = topics.create('t', 2, {});
  const offsets = new OffsetStore();
  const { transactionVersion = 2, recovered = [] } = options;
  const transactions = new TransactionCoordinator({ clock, topics, offsets, syncOnCommit: false, transactionVersion });
  for (const entry of recovered) transactions.apply(entry);
  transactions.open(journal);

  const identity = (answer: Pick<ProducerAnswer, 'producerId' | 'producerEpoch'>): ProducerIdentity => ({
    transactionalId: 'tx',
    producerId: answer.producerId,
    producerEpoch: answer.producerEpoch,
  });
  const nobody = identity({ producerId: -1, producerEpoch: -1 });
  const init = (): ProducerIdentity => identity(transactions.initProducerId(nobody, 60_000));
  const entry = (): TransactionEntry => [...transactions.snapshot()].find((each) => each.type === 'transaction')!;
  return { clock, topic, offsets, transactions, identity, nobody, init, entry };
}

const PARTITIONS = {
  partitions: [
    ['t', 0],
    ['t', 1],
  ] as const,
  groups: [],
};

const recoveredTransaction = (changes: Partial<TransactionEntry>): JournalEntry => ({
  ...newTransaction('tx', 5, 60_000),
  ...changes,
});

describe('the transaction coordinator', () => {
  it('never gives the same producer id twice, also after a restart', () => {
    const before = coordinator();
    const first = before.transactions.newProducerId().producerId;
    const { transactions } = coordinator({ recovered: [...before.transactions.snapshot()] });
    expect(transactions.newProducerId().producerId).toBeGreaterThan(first);
  });

  it('aborts a transaction that takes longer than its timeout, and not before', () => {
    const { clock, transactions, topic, init, entry } = coordinator();
    const producer = init();
    transactions.add(producer, PARTITIONS);
    clock.advance(59_999);
    expect(entry().state).toBe('Ongoing');
    clock.advance(1);
    expect(entry()).toMatchObject({
      state: 'CompleteAbort',
      partitions: [],
      producerEpoch: producer.producerEpoch + 1,
    });
    expect(topic.partitions.map((each) => each.highWatermark)).toEqual([1, 1]);
    expect(errorName(transactions.add(producer, PARTITIONS))).toBe('PRODUCER_FENCED');
  });

  it('lets the rest of the timeout run after a restart', () => {
    const recovered = [
      recoveredTransaction({ state: 'Ongoing', producerEpoch: 3, partitions: [['t', 0]], startedAtMs: -20_000 }),
    ];
    const { clock, entry } = coordinator({ recovered });
    clock.advance(38_999);
    expect(entry().state).toBe('Ongoing');
    clock.advance(1);
    expect(entry().state).toBe('CompleteAbort');
  });

  it.each([
    ['PrepareCommit', 'CompleteCommit', 5],
    ['PrepareAbort', 'CompleteAbort', undefined],
  ])('finishes after a restart what was decided: %s', (state, completed, offset) => {
    const recovered = [
      recoveredTransaction({
        state,
        producerEpoch: 4,
        lastProducerEpoch: 3,
        version: 2,
        partitions: [
          ['t', 0],
          ['gone', 0],
        ],
        groups: ['g'],
      }),
    ];
    const clock = new ManualClock();
    const journal = Journal.open(undefined, () => {});
    const options = {
      directory: undefined,
      clock,
      random: new SeededRandom(1),
      cache: new TailCache(0),
      brokerDefaults: {},
      syncSealed: false,
    };
    const topics = new TopicCatalog(options);
    topics.open(journal);
    const topic = topics.create('t', 1, {});
    const offsets = new OffsetStore();
    offsets.commitInTransaction('g', 5, 3, [['t', 0, 5, -1, '', 0]]);
    const transactions = new TransactionCoordinator({
      clock,
      topics,
      offsets,
      syncOnCommit: false,
      transactionVersion: 2,
    });
    for (const each of recovered) transactions.apply(each);
    transactions.open(journal);
    expect([...transactions.snapshot()]).toContainEqual(
      expect.objectContaining({ state: completed, partitions: [], groups: [] }),
    );
    expect(topic.partitions[0]!.highWatermark).toBe(1);
    expect(offsets.get('g', 't', 0)?.[2]).toBe(offset);
  });

  it('takes another producer id when the epochs are used up, at the end of a transaction of version 2', () => {
    const recovered = [
      recoveredTransaction({
        state: 'Ongoing',
        producerEpoch: 32766,
        partitions: [['t', 0]],
        startedAtMs: 0,
        version: 2,
      }),
    ];
    const { transactions, identity, entry } = coordinator({ recovered });
    const producer = identity({ producerId: 5, producerEpoch: 32766 });
    const next = transactions.end(producer, 'commit', 2);
    expect(next).toMatchObject({ errorCode: 0, producerEpoch: 0 });
    expect(next.producerId).not.toBe(5);
    expect(entry()).toMatchObject({ state: 'CompleteCommit', previousProducerId: 5 });
    expect(transactions.end(producer, 'commit', 2)).toEqual(next);
    expect(errorName(transactions.end(producer, 'abort', 2).errorCode)).toBe('INVALID_TXN_STATE');
    expect(errorName(transactions.add(identity(next), PARTITIONS))).toBe('NONE');
  });

  it('takes another producer id when the epochs are used up, at InitProducerId', () => {
    const { transactions, nobody, identity } = coordinator({
      recovered: [recoveredTransaction({ producerEpoch: 32766 })],
    });
    const answer = transactions.initProducerId(nobody, 60_000);
    expect(answer).toMatchObject({ errorCode: 0, producerEpoch: 0 });
    expect(answer.producerId).not.toBe(5);
    const stale = transactions.initProducerId(identity({ producerId: 5, producerEpoch: 3 }), 60_000);
    expect(errorName(stale.errorCode)).toBe('PRODUCER_FENCED');
  });

  it('bumps no epoch at the end of a transaction of version 1', () => {
    const { transactions, init } = coordinator({ transactionVersion: 1 });
    const producer = init();
    transactions.add(producer, PARTITIONS);
    expect(transactions.end(producer, 'commit', 1)).toMatchObject({
      errorCode: 0,
      producerEpoch: producer.producerEpoch,
    });
    expect(errorName(transactions.add(producer, PARTITIONS))).toBe('NONE');
  });

  it('ends a transaction although one of its topics was deleted meanwhile', () => {
    const { transactions, init, entry } = coordinator();
    const producer = init();
    transactions.add(producer, {
      partitions: [
        ['t', 0],
        ['gone', 3],
      ],
      groups: [],
    });
    expect(transactions.end(producer, 'commit', 2).errorCode).toBe(0);
    expect(entry().state).toBe('CompleteCommit');
  });
});
