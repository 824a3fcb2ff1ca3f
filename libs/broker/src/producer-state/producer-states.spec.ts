import { describe, expect, it } from '@jest/globals';
import { errorName, patchBatchForLog, readBatchHeader, type BatchHeader } from '@millrace/protocol';
import { batchOf } from '../../test/wire-client.js';
import { ProducerStates } from './producer-states.js';

const DAY_MS = 24 * 60 * 60 * 1000;

function header(
  baseOffset: number,
  producerId: number,
  producerEpoch: number,
  baseSequence: number,
  isTransactional = false,
): BatchHeader {
  const batch = batchOf(['v'], { producerId, producerEpoch, baseSequence, isTransactional });
  patchBatchForLog(batch, baseOffset, 0);
  return readBatchHeader(batch);
}

function verdict(states: ProducerStates, batch: BatchHeader): string {
  const judged = states.judge(batch);
  return judged.kind === 'refuse' ? errorName(judged.errorCode) : judged.kind;
}

describe('the producers of a partition', () => {
  it('remember the last five batches of each other', () => {
    const states = new ProducerStates();
    for (let sequence = 0; sequence < 7; sequence++) states.record(header(sequence, 1, 0, sequence), 0);
    expect(states.judge(header(-1 + 1, 1, 0, 2))).toEqual({ kind: 'duplicate', baseOffset: 2 });
    expect(verdict(states, header(0, 1, 0, 1))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(verdict(states, header(0, 1, 0, 7))).toBe('append');
  });

  it('begin again at sequence 0 after the marker of a bumped epoch', () => {
    const states = new ProducerStates();
    states.record(header(0, 1, 0, 0, true), 0);
    states.complete(1, 1, 1, false, 0);
    expect(verdict(states, header(2, 1, 0, 1, true))).toBe('INVALID_PRODUCER_EPOCH');
    expect(verdict(states, header(2, 1, 1, 1, true))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(verdict(states, header(2, 1, 1, 0, true))).toBe('append');
  });

  it('cannot write outside of a transaction that they have open', () => {
    const states = new ProducerStates();
    states.record(header(0, 1, 0, 0, true), 0);
    expect(verdict(states, header(1, 1, 0, 1))).toBe('INVALID_TXN_STATE');
  });

  it('hold back the last stable offset to where the oldest open transaction begins', () => {
    const states = new ProducerStates();
    expect(states.lastStableOffset(10)).toBe(10);
    states.record(header(3, 1, 0, 0, true), 0);
    states.record(header(5, 2, 0, 0, true), 0);
    expect(states.lastStableOffset(10)).toBe(3);
    states.complete(1, 0, 6, false, 0);
    expect(states.lastStableOffset(10)).toBe(5);
    states.complete(2, 0, 7, true, 0);
    expect(states.lastStableOffset(10)).toBe(10);
  });

  it('tell which aborted transactions reach into a range', () => {
    const states = new ProducerStates();
    states.record(header(0, 1, 0, 0, true), 0);
    states.record(header(2, 2, 0, 0, true), 0);
    states.complete(2, 0, 4, true, 0);
    states.complete(1, 0, 6, true, 0);
    states.complete(3, 0, 7, true, 0);
    const within = (from: number, until: number) => states.aborted.within(from, until).map((each) => each.producerId);
    expect(within(0, 8)).toEqual([2, 1]);
    expect(within(0, 1)).toEqual([1]);
    expect(within(5, 8)).toEqual([1]);
    expect(within(7, 8)).toEqual([]);
  });

  it('are forgotten a day after their last batch, unless a transaction is open', () => {
    const states = new ProducerStates();
    states.record(header(0, 1, 0, 4), 0);
    states.record(header(1, 2, 0, 0, true), 0);
    states.record(header(2, 3, 0, 0), DAY_MS + 1);
    expect(verdict(states, header(3, 1, 0, 9))).toBe('append');
    expect(verdict(states, header(3, 2, 0, 9, true))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
  });
});
