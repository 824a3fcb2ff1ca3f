import { describe, expect, it } from '@jest/globals';
import { RecordBatchBuilder, buildControlBatch, patchBatchForLog } from '@millrace/protocol';
import fc from 'fast-check';
import { CommittedRecords } from './committed-records.js';
import { completeBatches, type AbortedTransaction } from './fetched-batch.js';

/** A log written step by step, and what a reader of it should see. */
class WrittenLog {
  readonly batches: { readonly bytes: Buffer; readonly baseOffset: number; readonly lastOffset: number }[] = [];
  readonly visible: number[] = [];
  readonly aborted: (AbortedTransaction & { readonly lastOffset: number })[] = [];
  #nextOffset = 0;
  readonly #open = new Map<number, { firstOffset: number; offsets: number[] }>();

  data(producerId: number, recordCount: number, isTransactional: boolean, lookalike = false): void {
    const builder = new RecordBatchBuilder();
    const key = lookalike ? Buffer.alloc(4) : Buffer.from('k');
    for (let index = 0; index < recordCount; index++)
      builder.append(0, key, Buffer.from(`${this.#nextOffset + index}`));
    const offsets = Array.from({ length: recordCount }, (_, index) => this.#nextOffset + index);
    if (isTransactional) {
      const open = this.#open.get(producerId) ?? { firstOffset: this.#nextOffset, offsets: [] };
      open.offsets.push(...offsets);
      this.#open.set(producerId, open);
    } else {
      this.visible.push(...offsets);
    }
    this.#append(builder.build({ producerId, producerEpoch: 0, baseSequence: 0, isTransactional }), recordCount);
  }

  end(producerId: number, commits: boolean): void {
    const open = this.#open.get(producerId);
    this.#open.delete(producerId);
    const marker = { producerId, producerEpoch: 0, timestampMs: 0, type: commits ? 'commit' : 'abort' } as const;
    if (commits) this.visible.push(...(open?.offsets ?? []));
    else if (open !== undefined)
      this.aborted.push({ producerId, firstOffset: open.firstOffset, lastOffset: this.#nextOffset });
    this.#append(buildControlBatch(marker), 1);
  }

  endAll(): void {
    for (const producerId of [...this.#open.keys()]) this.end(producerId, false);
  }

  /** What a broker answers: whole batches from the one that holds `startOffset` on, and the aborted transactions among them. */
  fetch(startOffset: number, batchCount: number) {
    const first = this.batches.findIndex(({ lastOffset }) => lastOffset >= startOffset);
    const served = first < 0 ? [] : this.batches.slice(first, first + batchCount);
    const from = served[0]?.baseOffset ?? 0;
    const until = served.at(-1)?.lastOffset ?? -1;
    const overlapping = this.aborted.filter(
      ({ firstOffset, lastOffset }) => firstOffset <= until && lastOffset >= from,
    );
    const abortedTransactions = overlapping.map(({ producerId, firstOffset }) => ({ producerId, firstOffset }));
    return { records: Buffer.concat(served.map(({ bytes }) => bytes)), startOffset, abortedTransactions };
  }

  #append(bytes: Buffer, recordCount: number): void {
    patchBatchForLog(bytes, this.#nextOffset, 0);
    this.batches.push({ bytes, baseOffset: this.#nextOffset, lastOffset: this.#nextOffset + recordCount - 1 });
    this.#nextOffset += recordCount;
  }
}

function readAll(log: WrittenLog, startOffset: number, batchesPerFetch: number): number[] {
  const seen: number[] = [];
  const records = new CommittedRecords();
  for (let position = startOffset; ;) {
    const answer = log.fetch(position, batchesPerFetch);
    if (answer.records.length === 0) return seen;
    records.reset(answer);
    while (records.nextRecord()) seen.push(records.cursor.offset);
    position = completeBatches(answer.records).nextOffset;
  }
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('data' as const),
      producer: fc.nat(3),
      records: fc.integer({ min: 1, max: 3 }),
      plain: fc.boolean(),
      lookalike: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('end' as const), producer: fc.nat(3), commits: fc.boolean() }),
  },
);

describe('CommittedRecords', () => {
  it('shows what was committed and nothing else, wherever a reader begins and however answers are cut', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 6 }), (steps, batchesPerFetch) => {
        const log = new WrittenLog();
        for (const each of steps) {
          // Producers 0 to 3 write in transactions, 10 to 13 without.
          if (each.kind === 'end') log.end(each.producer, each.commits);
          else log.data(each.plain ? each.producer + 10 : each.producer, each.records, !each.plain, each.lookalike);
        }
        log.endAll();
        const visible = log.visible.toSorted((left, right) => left - right);
        const end = log.batches.at(-1)?.lastOffset ?? 0;
        for (let startOffset = 0; startOffset <= end; startOffset++) {
          const expected = visible.filter((offset) => offset >= startOffset);
          expect(readAll(log, startOffset, batchesPerFetch)).toEqual(expected);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('shows everything but control records when no transactions are named', () => {
    const log = new WrittenLog();
    log.data(1, 2, true);
    log.end(1, false);
    log.data(1, 1, true);
    const records = new CommittedRecords();

    records.reset({ ...log.fetch(1, 10), abortedTransactions: [] });

    const seen: number[] = [];
    while (records.nextRecord()) seen.push(records.cursor.offset);
    expect(seen).toEqual([1, 3]);
  });

  it('refuses a damaged batch', () => {
    const log = new WrittenLog();
    log.data(1, 2, false);
    const answer = log.fetch(0, 1);
    answer.records.writeUInt8(answer.records.readUInt8(70) ^ 1, 70);
    const records = new CommittedRecords();

    records.reset(answer);

    expect(() => records.nextRecord()).toThrow(
      expect.objectContaining({ code: 'MR_PROTOCOL_CORRUPT', disposition: 'dead-letter' }),
    );
  });
});

describe('completeBatches', () => {
  it('finds the end of the last whole batch, wherever the answer was cut off', () => {
    const log = new WrittenLog();
    for (const count of [1, 3, 2]) log.data(1, count, false);
    const { records } = log.fetch(0, 3);
    const ends = [0, ...log.batches.map((_, index) => log.fetch(0, index + 1).records.length)];

    for (let cut = 0; cut <= records.length; cut++) {
      const whole = ends.findLastIndex((end) => end <= cut);
      const nextOffset = whole === 0 ? -1 : (log.batches[whole - 1]?.lastOffset ?? 0) + 1;
      expect(completeBatches(records.subarray(0, cut))).toEqual({ endByte: ends[whole], nextOffset });
    }
  });
});
